"""What a proxy may say about a request: believed only of those in HUB_TRUSTED_PROXIES (decision 7)."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

_FORWARDED = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded"}
)
FORWARDED_BY_STRANGER = "hub.forwarded_by_stranger"  # in the scope: its address is the proxy's, not the caller's


def settle(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The scope with the scheme and address of the real client; a stranger's forwarding headers are dropped."""
    headers = scope["headers"]
    if _FORWARDED.isdisjoint(dict(headers)):
        return scope
    if not _is_trusted(scope.get("client")):
        kept = [(name, value) for name, value in headers if name not in _FORWARDED]
        return {**scope, "headers": kept, FORWARDED_BY_STRANGER: True}
    told = dict(headers)
    settled = dict(scope)
    proto = told.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[-1].strip().lower()
    if proto in ("http", "https"):
        settled["scheme"] = proto
    address = told.get(b"x-forwarded-for", b"").decode("latin-1").split(",")[-1].strip()
    if address:
        settled["client"] = (address, 0)
    return settled


def _is_trusted(client: tuple[str, int] | None) -> bool:
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return False
    return any(address in network for network in settings.HUB_TRUSTED_PROXIES)
