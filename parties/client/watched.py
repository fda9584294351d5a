"""Counts how requests to partners end and how long they take: time that is the partner's, not the hub's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parties.client.peer import Answer, PeerBusy, PeerResting, PeerTimeout, PeerUnreachable
from telemetry import count, work


@dataclass(slots=True)
class Seen:
    answer: Answer | None = None


@contextmanager
def watched(peer_id: int) -> Iterator[Seen]:
    at, seen = work.get(), Seen()
    if at is not None:
        at.begin_waiting()
    try:
        yield seen
    except PeerResting:
        count.note_no_answer(peer_id, end="resting")
        raise
    except PeerBusy:
        count.note_no_answer(peer_id, end="busy")
        raise
    except PeerTimeout:
        count.note_no_answer(peer_id, end="timeout")
        raise
    except PeerUnreachable:
        count.note_no_answer(peer_id, end="unreachable")
        raise
    finally:
        if at is not None:
            at.end_waiting()
        if seen.answer is not None:
            count.note_answer(peer_id, http_status=seen.answer.http_status, seconds=seen.answer.elapsed_ms / 1000)
