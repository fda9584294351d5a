"""Which wire type a route carries, as its module says it: what the route itself names, the module's object, or the part
of that object the URL is about."""

from __future__ import annotations

import re
import types
import typing
from dataclasses import dataclass
from typing import Any

from ocpi.calls import Interface
from ocpi.fields import hints, is_object, split
from ocpi.module import Route
from parties.routed_module import RoutedModule


@dataclass(frozen=True, slots=True)
class Types:
    request: Any = None
    answer: Any = None
    is_request_required: bool = True


def get_types(module: RoutedModule, route: Route, method: str) -> Types:
    if route.request is not None or route.answer is not None:
        optional = route.request is None or type(None) in typing.get_args(route.request)
        return Types(route.request, route.answer, is_request_required=not optional)
    whole: Any = getattr(module, "wire", None)
    if whole is None:
        return Types()
    if method == "GET" and route.interface is Interface.SENDER and not route.pattern:
        return Types(answer=types.GenericAlias(list, (whole,)))
    named = re.findall(r"{(\w+)}", route.pattern)
    part = _get_part(whole, [name for name in named if name not in ("country_code", "party_id")])
    return Types(answer=part) if method == "GET" else Types(request=part if method != "DELETE" else None)


def _get_part(whole: Any, named: list[str]) -> Any:
    """`{location_id}/{evse_uid}`: the element of the location's `evses`."""
    part = whole
    for name in named[1:]:
        field, _ = split(hints(part).get(name.rsplit("_", 1)[0] + "s"))
        (element,) = typing.get_args(field) or (None,)
        element, _ = split(element)
        if not is_object(element):
            break
        part = element
    return part
