"""The Link header (RFC 8288): where the next page is, in whatever form a peer writes it, and on whose host."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,=\s]+(?:\s*=\s*(?:\"[^\"]*\"|[^\",;\s]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\",;\s]*))", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def find_next(value: str | None, *, base: str) -> str | None:
    """The URL with relation "next" on the page at `base`, or None. It may lead anywhere: ask `is_same_origin`."""
    for target, parameters in _LINK.findall(value or ""):
        for quoted, plain in _REL.findall(parameters):
            if "next" in (quoted or plain).lower().split():
                return _join(base, target)
    return None


def is_same_origin(url: str, other: str) -> bool:
    """Both lead to the same host by the same way, however it is spelled. What is no URL leads to none."""
    try:
        return _get_origin(url) == _get_origin(other)
    except ValueError:
        return False


def _join(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def _get_origin(url: str) -> tuple[str, str | None, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.username, parts.hostname, parts.port or _PORTS.get(parts.scheme)
