"""The SENDER interfaces: the lists others pull from us, and single locations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from simulator.clock import parse_moment
from simulator.errors import build_not_allowed, build_not_found, build_wrong
from simulator.request import Answer, Request
from simulator.state import State
from simulator.store import Document


def handle(request: Request, state: State) -> Answer:
    """TOK-02 authorize and SESS-11 charging preferences come here, as branches on `rest`."""
    if request.method != "GET":
        raise build_not_allowed("GET")
    if not request.rest:
        return _list(request, state)
    if request.module != "locations":
        raise build_not_found("this interface has lists only")
    return _get_location(request, state)


def _get_location(request: Request, state: State) -> Answer:
    receiver = request.receiver or ""
    found = state.own_of(receiver, "locations").get_child(f"{receiver}/{request.rest[0]}", request.rest[1:3])
    if found is None:
        raise build_not_found("no such location, EVSE or connector")
    return Answer(data=found)


def _list(request: Request, state: State) -> Answer:
    """TRANS-18 to TRANS-24: filter, count, cut, and say where the next page is."""
    if request.module == "sessions" and "date_from" not in request.query:
        raise build_wrong("date_from is required")  # SESS-02
    offset, limit = _read_number(request.query, "offset", 0), _read_number(request.query, "limit", 10**6)
    limit = max(1, min(limit, state.config.page_limit))
    documents = state.own_of(request.receiver or "", request.module)
    hub = state.connection.get_hub()
    visible = [one for one in documents if _is_visible(one, request, hub) and _is_between(one, request.query)]
    headers = {"X-Total-Count": str(len(visible)), "X-Limit": str(limit)}
    if offset + limit < len(visible):
        query = dict(request.query) | {"offset": str(offset + limit), "limit": str(limit)}
        url = state.build_url(request.module, "SENDER")
        headers["Link"] = f'<{url}?{urlencode(query)}>; rel="next"'
    return Answer(data=visible[offset : offset + limit], headers=headers)


def _is_visible(document: Document, request: Request, hub: str | None) -> bool:
    """Sessions and CDRs are for the party of their token; a hub asks for many (ROUTE-42, CDR-10)."""
    token: Any = document.get("cdr_token")
    if token is None or request.sender == hub:
        return True
    return f"{token['country_code']}*{token['party_id']}".upper() == request.sender


def _is_between(document: Document, query: Mapping[str, str]) -> bool:
    """date_from inclusive, date_to exclusive (TRANS-19)."""
    try:
        first = parse_moment(query["date_from"]) if "date_from" in query else None
        end = parse_moment(query["date_to"]) if "date_to" in query else None
    except ValueError as e:
        raise build_wrong("date_from and date_to are date-times") from e
    moment = parse_moment(document["last_updated"])
    return (first is None or first <= moment) and (end is None or moment < end)


def _read_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise build_wrong(f"{name} is not a whole number")
    return int(text)
