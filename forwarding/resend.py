"""Sends dead letters again, to the receiver that would not take them. Where newer state is stored, that is sent."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from forwarding.models import DeadLetter
from forwarding.modules import Subject, get_full_state, get_order_key
from journal.rows import Job, NewEvent
from journal.writer import Writer
from parties.models import Platform


def resend(letter: DeadLetter, *, now: datetime) -> int:
    """The id of the new event. Under the agreement of today; if it is refused again, a new letter tells."""
    writer = Writer()
    try:
        written = writer.write_blocking(Job(event=_make_event(letter, now=now)))
    finally:
        writer.stop()
    letter.resent_at = now
    letter.save(update_fields=["resent_at"])
    assert written.event is not None
    return written.event


def resend_all(platform: Platform, *, now: datetime) -> int:
    """Every open one, oldest first. Returns how many."""
    letters = DeadLetter.objects.filter(platform=platform, resent_at__isnull=True, closed_at__isnull=True)
    count = 0
    for letter in letters.order_by("event", "id"):
        resend(letter, now=now)
        count += 1
    return count


def _make_event(letter: DeadLetter, *, now: datetime) -> NewEvent:
    subject = Subject(
        module=letter.module,
        method=letter.method,
        path=letter.path,
        query=letter.query,
        body=letter.body,
        receiver=letter.receiver,
    )
    order_key = get_order_key(subject) or f"{letter.module}:{letter.sender}:{letter.path}"
    method, path, body = letter.method, letter.path, letter.body
    if method in ("PUT", "PATCH"):  # an old state must not overwrite what the receiver got since
        with connection.cursor() as cursor:
            state = get_full_state(cursor, subject, object_key=order_key)
        if state is not None:
            method, path, body = "PUT", state.path, state.body
    return NewEvent(
        module=letter.module,
        method=method,
        path=path,
        query=letter.query,
        body=body,
        object_key=order_key,
        sender=letter.sender,
        receiver=letter.receiver,
        correlation_id=letter.correlation_id,
        at=now,
    )
