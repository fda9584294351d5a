"""The OpenAPI document of the OCPI surface: valid, complete by the registry, and served by the hub."""

from __future__ import annotations

import json

import pytest
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from management.ocpi_schema import make_document
from parties.registry import get_modules


@pytest.fixture(scope="module")
def document():
    return make_document(get_modules(), url="https://hub.example/ocpi")


def schema_of(operation, *, code="200"):
    return operation["responses"][code]["content"]["application/json"]["schema"]


class TestDocument:
    def test_is_valid_openapi(self, document):
        validate_schema(document)

    def test_has_every_method_of_every_route_and_no_more(self, document):
        expected = {
            ("/versions", "get"),
            ("/2.2.1", "get"),
            ("/2.2.1/sender/hubclientinfo", "get"),
            *(("/2.2.1/receiver/hubclientinfo/{country_code}/{party_id}", method) for method in ("get", "put")),
            *(("/2.2.1/credentials", method) for method in ("get", "post", "put", "delete")),
        }
        for module in get_modules().values():
            for route in module.routes:
                path = f"/2.2.1/{route.interface.lower()}/{module.id}" + (f"/{route.pattern}" if route.pattern else "")
                expected |= {(path, method.lower()) for method in route.methods}

        shown = {(path, method) for path, item in document["paths"].items() for method in item}

        assert shown == expected

    def test_refers_only_to_what_is_there(self, document):
        text = json.dumps(document)
        refs = {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}

        for ref in refs:
            found = document
            for name in ref.split("/"):
                found = found[name]
            assert found

    def test_names_each_operation_once(self, document):
        ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]

        assert len(ids) == len(set(ids))

    def test_takes_parts_of_objects_from_the_wire_types(self, document):
        paths = document["paths"]
        evse = paths["/2.2.1/sender/locations/{location_id}/{evse_uid}"]["get"]
        connector = paths["/2.2.1/sender/locations/{location_id}/{evse_uid}/{connector_id}"]["get"]
        location = paths["/2.2.1/receiver/locations/{country_code}/{party_id}/{location_id}"]["put"]

        def data_of(operation):
            return schema_of(operation)["allOf"][1]["properties"]["data"]["$ref"].rsplit("/", 1)[-1]

        body = location["requestBody"]["content"]["application/json"]["schema"]
        assert (data_of(evse), data_of(connector)) == ("EVSE", "Connector")
        assert body["$ref"] == "#/components/schemas/Location"
        assert schema_of(location) == {"$ref": "#/components/schemas/Envelope"}

    def test_shows_what_deeds_carry(self, document):
        authorize = document["paths"]["/2.2.1/sender/tokens/{token_uid}/authorize"]["post"]
        data = schema_of(authorize)["allOf"][1]["properties"]["data"]

        assert authorize["requestBody"]["required"] is False
        assert data["$ref"] == "#/components/schemas/AuthorizationInfo"

    def test_shows_pages_on_lists_and_routing_headers_on_functional_modules_only(self, document):  # ROUTE-01
        lists = document["paths"]["/2.2.1/sender/tariffs"]["get"]
        infos = document["paths"]["/2.2.1/sender/hubclientinfo"]["get"]

        def names(operation):
            return {parameter["name"] for parameter in operation["parameters"]}

        assert {"date_from", "limit", "OCPI-to-party-id"} <= names(lists)
        assert {"Link", "X-Total-Count"} <= set(lists["responses"]["200"]["headers"])
        assert "date_from" in names(infos)
        assert "OCPI-to-party-id" not in names(infos)

    def test_says_where_a_list_needs_a_date(self, document):  # SESS-02
        def is_required(module):
            parameters = document["paths"][f"/2.2.1/sender/{module}"]["get"]["parameters"]
            return next(parameter["required"] for parameter in parameters if parameter["name"] == "date_from")

        assert [is_required(module) for module in ("sessions", "cdrs", "hubclientinfo")] == [True, False, False]

    def test_names_what_may_be_answered(self, document):
        put = document["paths"]["/2.2.1/receiver/hubclientinfo/{country_code}/{party_id}"]["put"]

        assert {"200", "201", "404", "429", "503"} <= set(put["responses"])  # TRANS-13

    def test_a_patch_demands_no_whole_object(self, document):
        patch = document["paths"]["/2.2.1/receiver/tokens/{country_code}/{party_id}/{token_uid}"]["patch"]

        assert patch["requestBody"]["content"]["application/json"]["schema"]["required"] == ["last_updated"]


class TestPages:
    def test_are_served_from_our_own_files(self, settings):
        settings.HUB_PUBLIC_URL = "https://hub.example"

        document = APIClient().get("/api/ocpi-schema/").json()
        page = APIClient().get("/api/ocpi-docs/").content.decode().encode().decode("unicode_escape")

        assert document["servers"] == [{"url": "https://hub.example/ocpi"}]
        assert "/api/ocpi-schema/" in page
        assert "https://" not in page
