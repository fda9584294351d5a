"""The Link header (RFC 8288): finding the address of the next page in whatever form a peer writes it."""

from __future__ import annotations

import re

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,=\s]+(?:\s*=\s*(?:\"[^\"]*\"|[^\",;\s]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\",;\s]*))", re.IGNORECASE)


def find_next(value: str | None) -> str | None:
    """The URL with relation "next", or None."""
    for target, parameters in _LINK.findall(value or ""):
        for quoted, plain in _REL.findall(parameters):
            if "next" in (quoted or plain).lower().split():
                return str(target)
    return None
