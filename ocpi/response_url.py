"""`response_url` in a body or in a query string: read it, put another in its place, touch nothing else. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from msgspec.json import encode

from ocpi import patch
from ocpi.errors import InvalidParameter
from ocpi.raw import read_fields, read_text

NAME = "response_url"
LONGEST = 255  # TRANS-48


def read_from_body(body: bytes) -> str | None:
    return read_text(read_fields(body), NAME)


def replace_in_body(body: bytes, url: str) -> bytes:
    return patch.set_fields(body, {NAME: encode(url)})


def read_from_query(query: str) -> str | None:
    """
    Raises:
        InvalidParameter: it is there twice: one of them would be passed on as it is.
    """
    found = _find(query)
    return None if found is None else found.url


def replace_in_query(query: str, url: str) -> str:
    found = _find(query)
    assert found is not None
    return f"{query[: found.start]}{quote(url, safe='')}{query[found.end :]}"


@dataclass(frozen=True, slots=True)
class _Found:
    url: str
    start: int
    end: int


def _find(query: str) -> _Found | None:
    """Where the value stands. One that was not encoded reaches to the end of the query, if it has a query of its own
    (AMB-65)."""
    found, at = None, 0
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        start, at = at + len(name) + 1, at + len(part) + 1
        if not equals or unquote(name) != NAME:
            continue
        if found is not None:
            raise InvalidParameter(f"{NAME}: is given twice")
        if "?" in value:
            return _Found(query[start:], start, len(query))
        found = _Found(unquote(value), start, start + len(value))
    return found
