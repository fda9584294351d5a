"""What a server may offer the OCPI edge beside ASGI's messages: what is whole goes in one piece. Knows no framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

SHORT_WAY = "hub.short_way"  # its key in the scope; absent where the server has none


class ShortWay(Protocol):
    def take_body(self) -> bytes | None:
        """The whole body, if it is here; else None, and it has to be received."""

    def answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        """False: nothing was done, send it as messages. The headers give the length of the body."""
