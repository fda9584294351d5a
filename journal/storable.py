"""Which text PostgreSQL can hold: no NUL, no half of a surrogate pair. Changes are refused, log rows are mended."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from journal.rows import Columns, Job, NewAlias, NewEvent, NewLogRow
from ocpi.errors import InvalidParameter

LOG_COLUMNS = NewLogRow.__struct_fields__
EVENT_COLUMNS = NewEvent.__struct_fields__
ALIAS_COLUMNS = NewAlias.__struct_fields__

event_values = attrgetter(*EVENT_COLUMNS)
_log_texts = attrgetter(*(name for name, kind in NewLogRow.__annotations__.items() if kind == "str"))
alias_values = attrgetter(*ALIAS_COLUMNS)

# What a peer sent may be of any length; what is indexed may not. 250 characters are at most 1,000 bytes.
LOG_TEXT = 250
LOG_MESSAGE = 2000
LOG_CODES = {"http_status": 2**15, "status_code": 2**31}  # a peer's own, so of any size


def refuse_unstorable_job(job: Job) -> None:
    """Looks at all that is known before `apply` is called, so that no such text reaches a statement."""
    if is_storable("".join(_list_texts(job))):
        return  # as good as always, and quickly found
    for change in job.changes:
        _refuse_texts(change.table.key, change.key)
        _refuse_texts(change.table.key, change.base_key or ())
    for mark in job.marks:
        _refuse_texts(mark.table.key, mark.key)
        refuse_unstorable(mark.columns)
    if job.event is not None:
        _refuse_texts(EVENT_COLUMNS, event_values(job.event))
    for alias in job.aliases:
        _refuse_texts(ALIAS_COLUMNS, alias_values(alias))


def _list_texts(job: Job) -> list[str]:
    values: list[Any] = []
    for change in job.changes:
        values += change.key
        values += change.base_key or ()
    for mark in job.marks:
        values += mark.key
        values += mark.columns.values()
    if job.event is not None:
        values += event_values(job.event)
    for alias in job.aliases:
        values += alias_values(alias)
    return [value for value in values if isinstance(value, str)]


def refuse_unstorable_values(values: Collection[Any]) -> None:
    """For reads: psycopg2 fails on what no row can have."""
    for value in values:
        _refuse_texts(("text",), (value,))


def refuse_unstorable(columns: Columns) -> None:
    _refuse_texts(columns.keys(), columns.values())


def _refuse_texts(names: Collection[str], values: Collection[Any]) -> None:
    if is_storable("".join([value for value in values if isinstance(value, str)])):
        return  # as good as always, and quickly found
    for name, value in zip(names, values, strict=False):
        if isinstance(value, str) and not is_storable(value):
            raise InvalidParameter(f"{name}: has a character that cannot be stored (U+0000 or half a surrogate pair)")


def is_storable(text: str) -> bool:
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def event_columns(event: NewEvent) -> dict[str, Any]:
    return dict(zip(EVENT_COLUMNS, event_values(event), strict=True))


def mended(row: NewLogRow) -> NewLogRow:
    """Whatever a peer wrote into a header or a status code, the row that tells of it is kept."""
    texts = _log_texts(row)
    is_sound = max(map(len, texts)) <= LOG_TEXT and is_storable("".join(texts))
    if is_sound and _is_code("http_status", row.http_status) and _is_code("status_code", row.status_code):
        return row  # as good as always, and quickly found
    return replace(row, **{name: _mended(name, getattr(row, name)) for name in LOG_COLUMNS})


def _is_code(name: str, value: int | None) -> bool:
    return value is None or abs(value) < LOG_CODES[name]


def _mended(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return mend_text(value, limit=LOG_MESSAGE if name == "message" else LOG_TEXT)
    if name in LOG_CODES and not _is_code(name, value):
        return None
    return value


def mend_text(text: str, *, limit: int = LOG_MESSAGE) -> str:
    """What a peer wrote, as PostgreSQL can hold it."""
    text = text[:limit]
    if is_storable(text):
        return text
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()
