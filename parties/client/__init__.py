"""THE ONLY PACKAGE that speaks HTTP to partners: asyncio for traffic, threads for registration, pulls and presence."""

from __future__ import annotations

from parties.client.asynchronous import AsyncClient
from parties.client.blocking import SyncClient
from parties.client.headers import write_headers
from parties.client.peer import (
    Answer,
    AnswerTooLarge,
    NotSent,
    Peer,
    PeerBusy,
    PeerError,
    PeerResting,
    PeerTimeout,
    PeerUnreachable,
)

__all__ = [
    "Answer",
    "AnswerTooLarge",
    "AsyncClient",
    "NotSent",
    "Peer",
    "PeerBusy",
    "PeerError",
    "PeerResting",
    "PeerTimeout",
    "PeerUnreachable",
    "SyncClient",
    "write_headers",
]
