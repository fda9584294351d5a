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
    name = f"{NAME}="
    start = 0 if query.startswith(name) else query.find(f"&{name}") + 1
    if not start and not query.startswith(name):
        return None
    start += len(name)
    end = query.find("&", start)
    end = len(query) if end < 0 else end
    if "?" in query[start:end]:
        return _Found(query[start:], start, len(query))
    if f"&{name}" in query[end:]:
        raise InvalidParameter(f"{NAME}: is given twice")
    return _Found(unquote(query[start:end]), start, end)
