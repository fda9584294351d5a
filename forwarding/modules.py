"""What a lane asks of the OCPI modules, found through `settings.OCPI_MODULES`: where an event's object lies in the
store, how the log may name it, and its whole state as it is now. Never a module by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import msgspec

from journal.rows import Columns
from ocpi.calls import Call, Interface, PartyId
from ocpi.errors import OcpiError
from ocpi.module import Match
from ocpi.personal import find_personal_ids
from parties.owned_changes import Place
from parties.owned_module import OwnedModule
from parties.registry import find_owned_module
from parties.shadows import get_seen


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an event (or a dead letter) is about."""

    module: str
    method: str
    path: str
    query: str
    body: str
    receiver: str  # key; "" where all may hear it


@dataclass(frozen=True, slots=True, kw_only=True)
class FullState:
    """The stored document, to be PUT at `path`. Events of the same URL and receiver up to `until` are in it."""

    path: str
    body: str
    until: int
    changed_at: datetime


def get_log_id(module: str, method: str, path: str) -> str:
    """As the call log may show it: masked where it is personal."""
    read = _read_path(module, method, path)
    return read[0].get_log_id(read[2]) if read else ""


def get_personal_id(module: str, method: str, path: str) -> str:
    """What neither the log nor a dead letter may show in clear; "" where the object has none."""
    read = _read_path(module, method, path)
    return read[0].get_personal_id(read[2]) if read else ""


def find_people(module: str, document: bytes) -> tuple[str, ...]:
    """The same of what the document itself names."""
    found = find_owned_module(module)
    return find_personal_ids(document) if found is not None and found.names_people else ()


@lru_cache(1024)  # a hundred receivers hear of the same object
def _read_path(module: str, method: str, path: str) -> tuple[OwnedModule, Call, Match] | None:
    return _read(Subject(module=module, method=method, path=path, query="", body="", receiver=""))


def get_place(subject: Subject) -> Place | None:
    """The row of the object: its variant for the receiver, where it was pushed to one."""
    read = _read(subject)
    if read is None:
        return None
    module, call, match = read
    receiver = PartyId.of_key(subject.receiver) if subject.receiver else None
    return module.get_place(call, match, audience=receiver)


def dress(subject: Subject, body: bytes, *, operators: Mapping[str, bytes]) -> bytes:
    """A whole object on its way to all, with what its receiver wants filled in (LOC-14)."""
    module = find_owned_module(subject.module)
    return body if module is None else module.dress(body, operators=operators)


def get_verdict_columns(subject: Subject, *, code: int) -> Columns:
    """What the module keeps of a receiver's answer beside the verdict itself."""
    module = find_owned_module(subject.module)
    return module.get_verdict_columns(code) if module else {}


def get_order_key(subject: Subject) -> str | None:
    read = _read(subject)
    return read[0].get_order_key(read[1], read[2]) if read else None


def get_full_state(cursor: Any, subject: Subject, *, object_key: str) -> FullState | None:
    """The object as the hub holds it: what a receiver that does not know it needs instead of a PATCH (ROUTE-34)."""
    place = get_place(subject)
    segments = subject.path.split("/")
    if place is None or len(segments) < 3:
        return None
    # One statement, one snapshot: an event that is visible here is in the document (they commit together). But what
    # was pushed to one party is not in the hub's copy, nor what was told to all in its variant; and tokens of one
    # uid, of which each has its document, differ by the query (TOK-03).
    until = "coalesce((SELECT max(id) FROM journal_event WHERE object_key = %s AND receiver = %s AND query = %s), 0)"
    given = [object_key, subject.receiver, subject.query]
    columns = f"document, last_updated, deleted_at, changed_at, {until} AS until"
    seen = get_seen(*fetch_rows(cursor, place, columns, given))
    if seen is None:
        return None
    return FullState(
        path="/".join(segments[:3]), body=seen["document"], until=seen["until"], changed_at=seen["changed_at"]
    )


def fetch_rows(cursor: Any, place: Place, columns: str, given: Sequence[Any] = ()) -> tuple[Columns | None, ...]:
    """These columns of the row at the place, and of the hub's own copy where that is another one; in one statement."""
    names = place.table.key
    cursor.execute(
        f"SELECT {', '.join(names)}, {columns} FROM {place.table.name} WHERE ({', '.join(names)}) IN %s",
        [*given, tuple(key for key in (place.key, place.base) if key is not None)],
    )
    told = [column.name for column in cursor.description]
    found = {row[: len(names)]: dict(zip(told, row, strict=True)) for row in cursor.fetchall()}
    return found.get(place.key), found.get(place.base or ())


def _read(subject: Subject) -> tuple[OwnedModule, Call, Match] | None:
    module = find_owned_module(subject.module)
    if module is None:
        return None
    call = Call(
        module=subject.module,
        interface=Interface.RECEIVER,
        method=subject.method,
        path=tuple(unquote(segment) for segment in subject.path.split("/")) if subject.path else (),
        raw_path=subject.path,
        query=subject.query,
        body=subject.body.encode(),
    )
    try:
        return module, call, module.match(call)
    except OcpiError:  # a module that changed its URLs since
        return None
