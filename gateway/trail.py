"""The call-log rows of one incoming call: its own, and that of the hop it caused. Also turns refusals into answers."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from gateway.hub import Hub
from gateway.relay import Hop
from journal.rows import Job, NewLogRow
from ocpi.calls import Call, Reply
from ocpi.errors import OcpiError, Overloaded, TooManyCalls
from ocpi.personal import find_personal_ids
from telemetry import metrics
from telemetry.redact import MASK, hide_id

logger = logging.getLogger(__name__)

_LONGEST = 500  # characters of a message


def refusal(error: OcpiError) -> Reply:
    return Reply(
        http_status=error.http_status,
        status_code=error.status_code,
        status_message=error.message,
        headers=error.headers,
    )


class Trail:
    def __init__(self, *, call: Call, platform: int | None, now: datetime) -> None:
        self.call = call
        self.platform = platform or 0
        self.object_id = ""
        self.personal = ""  # an id that the log must not show in clear, wherever it turns up
        self.names_people = False  # the body may have more of them
        self._named: tuple[str, ...] | None = None
        self.decision = "reject"
        self._now = now
        self._started = time.monotonic()

    def row(self, reply: Reply) -> NewLogRow:
        """The incoming leg."""
        call = self.call
        return NewLogRow(
            at=self._now,
            leg="in",
            platform=self.platform or None,
            module=call.module[:32],
            interface=call.interface,
            method=call.method[:8],
            object_id=self.object_id[:100],
            sender=call.sender.key[:5] if call.sender else "",
            receiver=call.receiver.key[:5] if call.receiver else "",
            request_id=call.request_id[:100],
            correlation_id=call.correlation_id[:100],
            decision=self.decision,
            http_status=reply.http_status,
            status_code=reply.status_code,
            message=self.clean(reply.status_message or ""),
            duration_ms=int((time.monotonic() - self._started) * 1000),
            size=len(call.body),
        )

    def rows(self, reply: Reply, hop: Hop | None) -> tuple[NewLogRow, ...]:
        """Both legs of a relayed call."""
        return (self.row(reply),) if hop is None else (self.row(reply), self.out_row(hop))

    def out_row(self, hop: Hop) -> NewLogRow:
        """The outgoing leg."""
        call = self.call
        return NewLogRow(
            at=self._now,
            leg="out",
            platform=hop.platform,
            module=call.module,
            interface=call.interface,
            method=call.method,
            object_id=self.object_id[:100],
            sender=call.sender.key if call.sender else "",
            receiver=hop.receiver.key,
            request_id=hop.request_id,
            correlation_id=call.correlation_id[:100],
            decision=self.decision,
            http_status=hop.http_status,
            status_code=hop.status_code,
            message=self.clean(hop.message),
            duration_ms=hop.elapsed_ms,
            repeat=hop.repeated,
            size=len(call.body),
        )

    def clean(self, message: str) -> str:
        """As it may be kept. Partners repeat what they were sent; the body is looked into only where they say
        something."""
        if not message:
            return ""
        message = hide_id(message, self.personal, shown=self.object_id or MASK)
        if self._named is None:  # once for both legs and the verdict
            self._named = find_personal_ids(self.call.body) if self.names_people else ()
        for personal in self._named:
            message = hide_id(message, personal)
        return message[:_LONGEST]

    async def finish(self, reply: Reply, hub: Hub) -> Reply:
        """Log, then answer."""
        if self.decision == "reject":  # versions, credentials, client info: nothing was decided
            self.decision = "answer"
        await hub.writer.write(Job(log=lambda _: (self.row(reply),)))
        return reply

    async def refuse(self, error: OcpiError, hub: Hub) -> Reply:
        """A refusal leaves a row like any other call; it is told to the caller even if the row cannot be written."""
        reply = refusal(error)
        self.decision = "reject"
        if isinstance(error, Overloaded | TooManyCalls):  # a row is what the hub cannot afford now
            metrics.calls_refused.labels("rate" if isinstance(error, TooManyCalls) else "overload").inc()
            return reply
        try:
            await hub.writer.write(Job(log=lambda _: (self.row(reply),)))
        except OcpiError as e:
            logger.warning("a refusal could not be logged: %s", e.message)
        return reply
