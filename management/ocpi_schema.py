"""The OCPI surface as an OpenAPI 3.1 document, made of what the hub runs on: the registry of modules with their routes,
and the wire types. Nothing is described twice, so nothing here may name a module."""

from __future__ import annotations

import re
from typing import Any

from management.ocpi_schema_parts import (
    ERRORS,
    FIXED_COMPONENTS,
    ID_PARAMETERS,
    PAGE_HEADERS,
    PAGE_PARAMETERS,
    PAGE_PARAMETERS_WITH_DATE,
    ROUTING_PARAMETERS,
    make_body,
    make_envelope,
)
from management.ocpi_schema_types import get_types
from ocpi.calls import Interface, Version
from ocpi.configuration import v2_2_1 as configuration
from ocpi.module import Route
from ocpi.wire import json_schemas
from parties.owned_module import OwnedModule
from parties.routed_module import RoutedModule

Json = dict[str, Any]
PUSHES = ("POST", "PUT", "PATCH")


class _Schemas:
    """Collects the types that are mentioned; made into components at the end, when all are known."""

    def __init__(self) -> None:
        self._types: list[Any] = []
        self._places: list[Json] = []

    def refer(self, type_: Any) -> Json:
        """A place for the type's schema, filled by `make_components`."""
        place: Json = {}
        self._types.append(type_)
        self._places.append(place)
        return place

    def make_components(self) -> Json:
        schemas, components = json_schemas(self._types)
        for place, schema in zip(self._places, schemas, strict=True):
            place.update(schema)
        return components


def make_document(modules: dict[str, RoutedModule], *, url: str) -> Json:
    """`url`: where partners reach the OCPI edge."""
    schemas = _Schemas()
    paths = _configuration_paths(schemas)
    for module in modules.values():
        for route in module.routes:
            path = "/".join(filter(None, (f"/{Version.V2_2_1}/{route.interface.lower()}/{module.id}", route.pattern)))
            operations = {method.lower(): _operation(module, route, method, schemas) for method in route.methods}
            paths.setdefault(path, {}).update(operations)
    components = {**FIXED_COMPONENTS, "schemas": {**schemas.make_components(), **FIXED_COMPONENTS["schemas"]}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Roaming hub: OCPI surface",
            "version": str(Version.V2_2_1),
            "description": "What partners' platforms call. Every answer is an envelope; problems of the request are "
            "reported in its `status_code`, most of them with HTTP 200.",
        },
        "servers": [{"url": url}],
        "security": [{"credentialsToken": []}],
        "tags": [{"name": name} for name in ("versions", "credentials", "hubclientinfo", *modules)],
        "paths": paths,
        "components": components,
    }


def _operation(module: RoutedModule, route: Route, method: str, schemas: _Schemas) -> Json:
    types = get_types(module, route, method)
    is_list = method == "GET" and route.interface is Interface.SENDER and not route.pattern
    operation: Json = {
        "tags": [module.id],
        "operationId": _name(method, route.interface, module.id, route.pattern),
        "summary": _summarize(module, route, method),
        "parameters": [
            *(_path_parameter(name) for name in re.findall(r"{(\w+)}", route.pattern)),
            *(_page_parameters(module) if is_list else ()),
            *ROUTING_PARAMETERS,
            *ID_PARAMETERS,
        ],
        "responses": _responses(
            schemas.refer(types.answer) if types.answer is not None else None,
            created=method in ("POST", "PUT") and route.interface is Interface.RECEIVER,
            is_list=is_list,
        ),
    }
    if method in PUSHES:
        body = schemas.refer(types.request) if types.request is not None else {"type": "object"}
        operation["requestBody"] = make_body(body, partial=method == "PATCH", required=types.is_request_required)
    return operation


def _configuration_paths(schemas: _Schemas) -> Json:
    """Between the hub and one platform: no routing headers (ROUTE-01)."""

    def operation(tag: str, method: str, summary: str, answer: Any = None, request: Any = None, **more: Any) -> Json:
        made: Json = {
            "tags": [tag],
            "operationId": f"{tag}_{more.pop('name', method)}",
            "summary": summary,
            "parameters": [*more.pop("parameters", ()), *ID_PARAMETERS],
            "responses": _responses(schemas.refer(answer) if answer is not None else None, **more),
        }
        if request is not None:
            made["requestBody"] = make_body(schemas.refer(request))
        return made

    party = [_path_parameter("country_code"), _path_parameter("party_id")]
    credentials = configuration.Credentials
    version = f"/{Version.V2_2_1}"
    return {
        "/versions": {"get": operation("versions", "get", "The versions the hub speaks.", list[configuration.Version])},
        version: {
            "get": operation(
                "versions", "get", "The endpoints of this version.", configuration.VersionDetails, name="details"
            )
        },
        f"{version}/credentials": {
            "get": operation("credentials", "get", "The hub's credentials, as valid for the caller.", credentials),
            "post": operation("credentials", "post", "Register, with Token A.", credentials, credentials),
            "put": operation("credentials", "put", "New token, URL or roles.", credentials, credentials),
            "delete": operation("credentials", "delete", "Unregister: both tokens are void."),
        },
        f"{version}/sender/hubclientinfo": {
            "get": operation(
                "hubclientinfo",
                "get",
                "The parties the caller may exchange messages with, and whether they are connected.",
                list[configuration.ClientInfo],
                parameters=PAGE_PARAMETERS,
                is_list=True,
            )
        },
        f"{version}/receiver/hubclientinfo/{{country_code}}/{{party_id}}": {
            "get": operation(
                "hubclientinfo",
                "get",
                "What the caller, a hub, has told of a party behind it.",
                configuration.ClientInfo,
                name="receiver_get",
                parameters=party,
            ),
            "put": operation(
                "hubclientinfo",
                "put",
                "A hub tells of a party behind it. Offered to hubs only.",
                request=configuration.ClientInfo,
                name="receiver_put",
                parameters=party,
                created=True,
            ),
        },
    }


def _page_parameters(module: RoutedModule) -> tuple[Json, ...]:
    needs_date = isinstance(module, OwnedModule) and module.list_needs_date
    return PAGE_PARAMETERS_WITH_DATE if needs_date else PAGE_PARAMETERS


def _responses(data: Json | None, *, created: bool = False, is_list: bool = False) -> Json:
    done: Json = {
        "description": "Done, if `status_code` is 1xxx; otherwise it says what is wrong (2xxx, 3xxx, 4xxx).",
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("X-Request-ID", "X-Correlation-ID", *(PAGE_HEADERS if is_list else ()))
        },
        "content": {"application/json": {"schema": make_envelope(data)}},
    }
    responses: Json = {"200": done}
    if created:
        responses["201"] = {**done, "description": "Stored for the first time (TRANS-13)."}
    return responses | {code: {"$ref": f"#/components/responses/{name}"} for code, name in ERRORS.items()}


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "maxLength": 255}}


def _summarize(module: RoutedModule, route: Route, method: str) -> str:
    what = route.pattern.rsplit("/", 1)[-1].strip("{}") or "list"
    verb = {"GET": "Read", "PUT": "Store", "PATCH": "Change", "POST": "Send", "DELETE": "Remove"}.get(method, method)
    return f"{verb} {what}: {module.id}, {route.interface} interface"


def _name(method: str, interface: str, module: str, pattern: str) -> str:
    return re.sub(r"\W+", "_", f"{module}_{interface}_{method}_{pattern}").strip("_").lower()
