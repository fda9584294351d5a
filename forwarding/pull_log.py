"""What the call log says of a page that the hub asked a partner for."""

from __future__ import annotations

from msgspec.structs import replace

from journal.rows import NewLogRow
from ocpi import envelope
from parties.client import Answer


def with_answer(row: NewLogRow, answer: Answer) -> NewLogRow:
    found = envelope.read(answer.body)
    return replace(
        row,
        http_status=answer.http_status,
        status_code=found.status_code if found else None,
        message=(found.status_message or "") if found else "",
        duration_ms=answer.elapsed_ms,
        size=len(answer.body),
    )
