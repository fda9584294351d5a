"""Whom we call, what came back, and the few ways a call can fail. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from multidict import CIMultiDictProxy

from parties.quirks import Quirk


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What is needed to call one platform. The token never shows in a log."""

    id: int
    token: str = field(repr=False)
    raw_token: bool = False  # AMB-01: it wants the token unencoded
    max_in_flight: int = 64
    quirks: frozenset[Quirk] = frozenset()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the peer said; names of headers match without regard to case (TRANS-51)."""

    http_status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    elapsed_ms: int
    redirect: tuple[int, str] | None = None  # status and Location of the answer before: its slash was turned
    repeated: bool = False  # an earlier connection broke without an answer: it may have got the request twice


class PeerError(Exception):
    """No usable answer. `before_send`: the peer surely received nothing, so another attempt cannot repeat anything.
    `repeated`: it was sent twice, after a connection that broke."""

    repeated = False

    def __init__(self, message: str, *, before_send: bool = False) -> None:
        super().__init__(message)
        self.before_send = before_send


class PeerTimeout(PeerError):
    """Connected, but no whole answer inside the deadline (ROUTE-16)."""


class PeerUnreachable(PeerError):
    """DNS, TCP, TLS, the egress guard, or a connection that broke (ROUTE-17)."""


class NotSent(PeerUnreachable):
    """Not a request the hub makes: the URL is not allowed, or a header cannot be written. Says nothing of the peer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, before_send=True)


class AnswerTooLarge(PeerUnreachable):
    """The answer was cut off at the hub's limit. The peer has processed the request."""


class PeerBusy(PeerError):
    """As many calls to this peer are open as it may have (decision 5)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, before_send=True)


class PeerResting(PeerBusy):
    """It did not answer several times in a row and is left alone for a while (decision 5)."""
