"""The refusals a simulated platform gives, and what can go wrong when it calls its peer."""

from __future__ import annotations


class Refusal(Exception):
    """Ends the handling of a request with this HTTP status and OCPI status code."""

    def __init__(self, status: int, status_code: int, message: str, *, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.status_code = status_code
        self.allow = allow


def build_not_found(message: str) -> Refusal:
    return Refusal(404, 2001, message)


def build_not_allowed(allow: str) -> Refusal:
    return Refusal(405, 2000, "method not offered", allow=allow)


def build_wrong(message: str) -> Refusal:
    return Refusal(200, 2001, message)


class PeerError(Exception):
    """The peer could not be used as the protocol says."""


class Unreachable(PeerError):
    """The call never reached the peer, although it was tried for as long as patience lasted."""


class UnclearOutcome(PeerError):
    """The call may or may not have had its effect, and must not be repeated as it is."""
