"""Answers from the hub's own store: pages for GET all (ROUTE-39), and an owner's own copy (AMB-23).

Who may see what is decided here, in SQL, by agreement and audience (decision 2): no view adds or takes away anything.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from journal.reader import Reader
from ocpi.calls import Call, Interface, Reply
from ocpi.errors import UnknownObject
from ocpi.module import Match
from ocpi.pages import PageQuery, read_page_query, write_page_headers
from parties import list_pages
from parties.shadows import seen

if TYPE_CHECKING:
    from parties.owned_module import OwnedModule
    from parties.routed_module import Scope


async def get_page(module: OwnedModule, call: Call, scope: Scope, reader: Reader) -> Reply:
    """One page of everything the caller may see, in order of first receipt (TRANS-23), documents as they were told."""
    page = read_page_query(call.query, cap=scope.page_cap)
    where, parameters = _visible(module, scope, page)
    is_dated = page.date_from is not None or page.date_to is not None
    asked = list_pages.Asked(
        table=module.table.name,
        where=where,
        parameters=parameters,
        page=page,
        caller=scope.caller.key,
        owners=sorted(scope.partners) if module.is_noted and not is_dated else None,
        is_noted=module.is_noted,
        dress=partial(module.dress, operators=scope.operators) if scope.operators else None,
    )
    found = await reader.in_thread(lambda reads: list_pages.read(asked, reads, list_pages.KEPT))
    headers = write_page_headers(page, url=scope.url, total=found.total, has_more=found.has_more, last_id=found.last_id)
    return Reply(data=found.data, headers=headers)


async def get_own_copy(module: OwnedModule, call: Call, match: Match, scope: Scope, reader: Reader) -> Reply:
    """What the hub holds of the caller's own object. Others' objects are not there (TRANS-35)."""
    owner = match.owner
    if call.interface is not Interface.RECEIVER or owner is None or owner != scope.caller:
        raise UnknownObject("no such object")
    place = module.get_place(call, match, audience=None)
    part = module.get_part(await fetch_document(module.table.name, place.key, reader), match)
    if part is None:
        raise UnknownObject("no such object")
    return Reply(data=part)


async def fetch_document(table: str, key: tuple[str, ...], reader: Reader) -> bytes:
    """The document as it was told.

    Raises:
        UnknownObject: there is none, or it was deleted.
    """
    rows = await reader.fetch(
        f"SELECT document FROM {table} WHERE owner = %s AND object_key = %s AND audience = %s AND deleted_at IS NULL",
        key,
    )
    if not rows:
        raise UnknownObject("no such object")
    return str(rows[0][0]).encode()


def _visible(module: OwnedModule, scope: Scope, page: PageQuery) -> tuple[str, tuple[Any, ...]]:
    """The WHERE of all that this caller may see (ROUTE-41, ROUTE-42), and its parameters."""
    where = ["o.owner = ANY(%s)", "o.deleted_at IS NULL", "o.is_verified"]
    parameters: list[Any] = [sorted(scope.partners)]
    if module.is_token_bound:
        # "=" for the usual one: with ANY the index would not give the order of the page.
        alone = len(scope.bearers) == 1
        where.append("o.token_owner = %s" if alone else "o.token_owner = ANY(%s)")
        parameters.append(next(iter(scope.bearers)) if alone else sorted(scope.bearers))
    else:
        where.append(seen(module.table.name))
        parameters += [scope.caller.key] * 3
    if page.date_from is not None:
        where.append("o.last_updated >= %s")
        parameters.append(page.date_from)
    if page.date_to is not None:
        where.append("o.last_updated <= %s" if scope.is_date_to_inclusive else "o.last_updated < %s")
        parameters.append(page.date_to)
    return " AND ".join(where), tuple(parameters)
