"""Pagination (TRANS-18 to TRANS-24): what a list GET asks for, and the headers of the answer. No database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from ocpi.errors import InvalidParameter
from ocpi.times import parse_datetime

_MAX_OFFSET = 2**62
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """`date_from` inclusive, `date_to` exclusive, on last_updated. `after` is the hub's own cursor, used in Link."""

    limit: int
    offset: int = 0
    after: int | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    date_texts: tuple[tuple[str, str], ...] = ()  # the dates as they were asked for, to be repeated in Link


def read_query(query: str) -> dict[str, str]:
    """The query string as a dictionary; the last of equal names counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def read_page_query(query: str, *, cap: int) -> PageQuery:
    """What is asked for, with `limit` at most `cap` (TRANS-21).

    Raises:
        InvalidParameter: a number is negative or none, a date cannot be read (TRANS-24).
    """
    given = read_query(query)
    dates = {name: _read_date(name, given[name]) for name in ("date_from", "date_to") if given.get(name)}
    return PageQuery(
        limit=min(_read_int("limit", given.get("limit"), default=cap, least=1), cap),
        offset=_read_int("offset", given.get("offset"), default=0),
        after=_read_int("after", given["after"], default=0) if given.get("after") else None,
        date_from=dates.get("date_from"),
        date_to=dates.get("date_to"),
        date_texts=tuple((name, given[name]) for name in dates),
    )


def write_page_headers(
    page: PageQuery, *, url: str, total: int, has_more: bool, last_id: int | None
) -> tuple[tuple[str, str], ...]:
    """X-Total-Count, X-Limit, and Link unless it is the last page. `url` is the hub's own endpoint."""
    headers = [("X-Total-Count", str(total)), ("X-Limit", str(page.limit))]
    if has_more and last_id is not None:
        following: Sequence[tuple[str, str]] = (
            *page.date_texts,
            ("limit", str(page.limit)),
            ("after", str(last_id)),
        )
        headers.append(("Link", f'<{url}?{urlencode(following)}>; rel="next"'))
    return tuple(headers)


def _read_int(name: str, text: str | None, *, default: int, least: int = 0) -> int:
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS  # int() itself refuses thousands
    if not is_number or not least <= int(text) <= _MAX_OFFSET:
        raise InvalidParameter(f"{name}: {text[:40]!r} is not a whole number of {least} or more")
    return int(text)


def _read_date(name: str, text: str) -> datetime:
    try:
        return parse_datetime(text)
    except ValueError:
        # An un-encoded "+" of a zone offset reads as a blank.
        try:
            return parse_datetime(text.replace(" ", "+"))
        except ValueError as e:
            raise InvalidParameter(f"{name}: {text[:40]!r} is not an RFC 3339 time") from e
