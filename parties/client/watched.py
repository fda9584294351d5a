"""Counts how requests to partners end and how long they take: time that is the partner's, not the hub's own."""

from __future__ import annotations

from types import TracebackType

from parties.client.peer import Answer, PeerBusy, PeerResting, PeerTimeout, PeerUnreachable
from telemetry import count, work

_ENDS = {PeerResting: "resting", PeerBusy: "busy", PeerTimeout: "timeout", PeerUnreachable: "unreachable"}


class watched:
    """One request; `answer` is set where there is one."""

    __slots__ = ("_at", "_peer_id", "answer")

    def __init__(self, peer_id: int) -> None:
        self._peer_id = peer_id
        self._at = work.get()
        self.answer: Answer | None = None

    def __enter__(self) -> watched:
        if self._at is not None:
            self._at.begin_waiting()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._at is not None:
            self._at.end_waiting()
        if self.answer is not None:
            seconds = self.answer.elapsed_ms / 1000
            count.note_answer(self._peer_id, http_status=self.answer.http_status, seconds=seconds)
        elif error is not None and (end := _get_end(error)) is not None:
            count.note_no_answer(self._peer_id, end=end)


def _get_end(error: BaseException) -> str | None:
    return next((end for kind, end in _ENDS.items() if isinstance(error, kind)), None)
