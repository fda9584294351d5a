"""The egress guard (decision 7, CRED-25): which URLs and addresses the hub may call. It knows no HTTP library.

Partner URLs are untrusted. The text of a URL is checked before it is used, and every address again at the moment a
socket is made for it, so that no name, odd notation or changed DNS answer leads inside.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import certifi
from django.conf import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_KEPT_ORIGINS = 4096
_ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")
_6TO4_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")


class EgressRefused(OSError):
    """The hub does not call this. An OSError, so that both clients treat it as a connection that did not come about."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EACCES, message)

    def __str__(self) -> str:
        return str(self.strerror)


class AddressRefused(EgressRefused):
    """An address inside, which the hub's operator may allow: a URL's form nobody can."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What is allowed beyond the public internet over https."""

    require_https: bool = True
    allow: tuple[Network, ...] = ()
    allowed_origins: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def of_settings(cls) -> Egress:
        return cls(require_https=settings.HUB_REQUIRE_HTTPS, allow=tuple(settings.HUB_EGRESS_ALLOW))


def check_url(url: str, *, egress: Egress) -> None:
    """Judge a URL by its text: scheme, no user, a host, no address that is forbidden.

    Raises:
        EgressRefused: the hub does not call it.
    """
    if not is_clean(url):
        raise EgressRefused("the URL holds blanks, control characters or letters outside ASCII")
    _check_origin(get_origin(url), egress=egress)


def is_plain(url: str) -> bool:
    """Neither blanks nor control characters nor letters outside ASCII."""
    return url.isascii() and url.isprintable() and " " not in url


def is_clean(url: str) -> bool:
    """Nor a backslash, which is a slash to some: nothing is called that has one."""
    return is_plain(url) and "\\" not in url


def get_origin(url: str) -> str:
    """The URL up to where its path, query or fragment begins: all that says where it leads."""
    found = _ORIGIN.match(url)
    return found[0] if found else url


def _check_origin(origin: str, *, egress: Egress) -> None:
    """What was allowed once stays so: it is judged by its text alone, and refusals are not remembered."""
    if origin in egress.allowed_origins:
        return
    _judge_origin(origin, egress=egress)
    if len(egress.allowed_origins) >= _KEPT_ORIGINS:
        egress.allowed_origins.clear()
    egress.allowed_origins.add(origin)


def _judge_origin(origin: str, *, egress: Egress) -> None:
    try:
        parts = urlsplit(origin)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise EgressRefused(f"not a URL: {error}") from error
    if parts.scheme != "https" and (egress.require_https or parts.scheme != "http"):
        raise EgressRefused(f"{parts.scheme or 'no scheme'} is not allowed: https is demanded")
    if "@" in parts.netloc:
        raise EgressRefused("a URL with a user name is not called")
    if not host:
        raise EgressRefused("the URL has no host")
    if _is_literal(host):
        check_address(host, egress=egress)


def check_address(text: str, *, egress: Egress) -> None:
    """Judge the address a socket is about to be connected to.

    Raises:
        AddressRefused: it is not a public address, and no allowed network holds it. Also what cannot be read as an
            address ("2130706433"): the resolver of the machine might read it after all.
    """
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError as error:
        raise AddressRefused(f"{text} is not an address in its usual form") from error
    if not _is_allowed(address, allow=egress.allow):
        raise AddressRefused(f"{text} is an internal address: not called")


def make_socket(family: int, kind: int, proto: int, address: tuple[object, ...], *, egress: Egress) -> socket.socket:
    """A socket for an address that was checked this very moment."""
    check_address(str(address[0]), egress=egress)
    return socket.socket(family=family, type=kind, proto=proto)


@cache
def make_tls_context(user: str = "") -> ssl.SSLContext:
    """The machine's certificate authorities, or certifi's where the machine has none.

    One per user and process: reading them takes 40 ms, and every drain makes a client. urllib3 changes the one it gets,
    so it has one for itself.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


def _is_literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _is_allowed(address: Address, *, allow: Sequence[Network]) -> bool:
    inner = _get_embedded(address)
    if inner is not None:
        return _is_allowed(inner, allow=allow)
    if any(address in network for network in allow if network.version == address.version):
        return True
    return _is_public(address)


def _get_embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that is really meant: mapped, 6to4, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local or address.teredo is not None or address.scope_id is not None:
            return False
    elif address in _6TO4_RELAYS:
        return False
    # is_global alone calls multicast public, and shared address space (100.64/10) is neither global nor private.
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
