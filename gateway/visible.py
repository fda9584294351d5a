"""What of a partner's own answer its asker may see. Some back ends know one caller, the hub, and give it everything:
other eMSPs' sessions and CDRs with it. What is not the asker's is cut out; what stays keeps its bytes (decision 2).
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gateway.course import Course
from ocpi import envelope, patch
from ocpi.calls import Interface, PartyId, Reply
from ocpi.errors import HubError, UnknownObject

MOST_OBJECTS = 100_000  # on one page: to look at more takes longer than others can be kept waiting
MOST_AROUND = 64 * 1024  # bytes of the envelope beside its data


class _Token(msgspec.Struct):
    country_code: str = ""
    party_id: str = ""


class _Item(msgspec.Struct):
    country_code: str = ""
    party_id: str = ""
    cdr_token: _Token | None = None


_items = msgspec.json.Decoder(list[msgspec.Raw])
_item = msgspec.json.Decoder(_Item)


def keep_visible(course: Course, reply: Reply) -> tuple[Reply, int]:
    """The answer without what is not for this asker, and how many objects were cut out.

    Raises:
        UnknownObject: one object was asked for, and it is another party's.
        HubError: the answer cannot be read, so nobody knows whose it is.
    """
    call = course.call
    if call.method != "GET" or call.interface is not Interface.SENDER or reply.body is None or not reply.is_success:
        return reply, 0
    data = _read_data(reply)
    if data is None or data[:1] not in b"[{":
        return reply, 0
    scope = course.get_scope()
    partners, bearers = scope.partners, scope.bearers
    if data[:1] == b"{":
        if not _is_visible(course, data, partners=partners, bearers=bearers):
            raise UnknownObject("no such object")
        return reply, 0
    raws = _items.decode(data)
    if len(raws) > MOST_OBJECTS:
        raise HubError(f"{reply.sender} answered with more than {MOST_OBJECTS} objects on one page")
    items = [bytes(raw) for raw in raws]
    kept = [item for item in items if _is_visible(course, item, partners=partners, bearers=bearers)]
    if len(kept) == len(items):
        return reply, 0
    body = patch.set_fields(reply.body, {"data": b"[" + b",".join(kept) + b"]"})
    headers = tuple(header for header in reply.headers if header[0] != "X-Total-Count")  # it counts the others too
    return replace(reply, body=body, headers=headers), len(items) - len(kept)


def _read_data(reply: Reply) -> bytes | None:
    """Without a look at each field beside it: there may be a million.

    Raises:
        HubError
    """
    body = reply.body or b""
    told = envelope.read(body)
    data = envelope.get_data(told) if told is not None else None
    around = body.replace(data, b"", 1) if data else body
    if len(around) > MOST_AROUND:
        raise HubError(f"{reply.sender} answered with more than {MOST_AROUND} bytes beside the data")
    try:
        around.decode()
    except UnicodeDecodeError as error:
        raise HubError(f"{reply.sender} did not answer in UTF-8") from error
    return data


def _is_visible(course: Course, item: bytes, *, partners: frozenset[str], bearers: frozenset[str]) -> bool:
    """Its owner is one the asker has an agreement with; a session or CDR is of the asker's own token (ROUTE-42),
    or of a token of one it acts for.

    EVSEs and connectors name no owner: they came from the one that was asked.
    """
    try:
        told = _item.decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return not _is_token_bound(course)
    if told.party_id and PartyId(told.country_code, told.party_id).key not in partners:
        return False
    if not _is_token_bound(course):
        return True
    token = told.cdr_token
    return token is not None and PartyId(token.country_code, token.party_id).key in bearers


def _is_token_bound(course: Course) -> bool:
    return course.module.is_token_bound
