"""Sends dead letters again: as new events of the log, so that the lane's own code delivers them, in order per object.

A letter is taken and its event written in one transaction: two people who resend it at once send it once. Where newer
state is stored, that is sent; what the receiver accepted meanwhile is closed and not sent again. That transaction
fails if the object was pushed or told since it was looked at: nothing older goes out behind what is newer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from msgspec.structs import replace

from forwarding.meanwhile import STATES, find_settlement
from forwarding.models import DeadLetter
from forwarding.modules import FullState, Subject, fetch_rows, get_full_state, get_order_key, get_place
from journal.rows import Change, Columns, Job, NewEvent, Outcome
from journal.tables import table_of
from journal.writer import Writer
from ocpi.errors import OcpiError

TRIES = 5
_STAMPS = ("changed_at", "verdict_at")


class _Changed(OcpiError):
    """Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """What came of letters. `taken`: somebody resent or closed them already. `failed`: they are as they were."""

    sent: int = 0
    settled: int = 0
    taken: int = 0
    failed: tuple[str, ...] = field(default=())
    events: tuple[int, ...] = field(default=())

    def __add__(self, other: Resent) -> Resent:
        return Resent(
            sent=self.sent + other.sent,
            settled=self.settled + other.settled,
            taken=self.taken + other.taken,
            failed=self.failed + other.failed,
            events=self.events + other.events,
        )

    def __str__(self) -> str:
        parts = [f"{self.sent} on their way again"]
        parts += [f"{self.settled} closed, as nothing need be sent any more"] if self.settled else []
        parts += [f"{self.taken} had been resent or closed before"] if self.taken else []
        parts += [f"{len(self.failed)} not written: {self.failed[0]}"] if self.failed else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Letters of one object and receiver that one event settles."""

    letters: tuple[DeadLetter, ...]
    subject: Subject
    object_key: str


def get_open() -> QuerySet[DeadLetter]:
    return DeadLetter.objects.filter(resent_at__isnull=True, closed_at__isnull=True)


def resend(letter: DeadLetter, *, now: datetime) -> Resent:
    """Under the agreement of today; if it is refused again, a new letter tells.

    Raises:
        OcpiError: it could not be written; the letter is as it was.
    """
    done = resend_these([letter], clock=lambda: now)
    if done.failed:
        raise OcpiError(done.failed[0])
    letter.refresh_from_db()
    return done


def resend_these(letters: Iterable[DeadLetter], *, clock: Callable[[], datetime]) -> Resent:
    """Oldest event first. Of several states of one object only the newest is sent, once.

    Many take minutes: each event has its own moment, or the last ones would be old when they are written.
    """
    writer, done = Writer(), Resent()
    try:
        for task in _gather(sorted(letters, key=lambda letter: (letter.event, letter.pk))):
            done += _resend(task, writer=writer, now=clock())
    finally:
        writer.stop()
    return done


def _gather(letters: Sequence[DeadLetter]) -> list[_Task]:
    """States of an object go together, at the place of the first; anything else (a CDR, a DELETE) stands alone."""
    tasks: dict[tuple[object, ...], _Task] = {}
    for letter in letters:
        subject = Subject(
            module=letter.module,
            method=letter.method,
            path=letter.path,
            query=letter.query,
            body=letter.body,
            receiver=letter.receiver,
        )
        object_key = get_order_key(subject) or f"{letter.module}:{letter.sender}:{letter.path}"
        whole = "/".join(letter.path.split("/")[:3])
        alone = letter.pk if letter.method not in STATES else None
        key = (letter.platform_id, letter.receiver, object_key, letter.query, whole, alone)
        before = tasks.get(key)
        tasks[key] = _Task(
            letters=(*before.letters, letter) if before else (letter,), subject=subject, object_key=object_key
        )
    return list(tasks.values())


def _resend(task: _Task, *, writer: Writer, now: datetime) -> Resent:
    """What is read may be outdated when it is written: then it is read again."""
    for _ in range(TRIES):
        try:
            return _try(task, writer=writer, now=now)
        except _Changed:
            continue
        except OcpiError as error:
            return Resent(failed=(f"{task.letters[-1]}: {error.message}",))
    return Resent(failed=(f"{task.letters[-1]}: the object changes all the time",))


def _try(task: _Task, *, writer: Writer, now: datetime) -> Resent:
    with connection.cursor() as cursor:
        guards = _guard(cursor, task.subject)  # first: what changes from here on is noticed
        settled = find_settlement(cursor, task.letters[-1], task.subject, object_key=task.object_key)
        state = get_full_state(cursor, task.subject, object_key=task.object_key)
    if settled:
        columns = {"closed_at": now, "note": settled}
        number = _count(_write(writer, Job(changes=_take(task.letters, columns))))
        return Resent(settled=number, taken=len(task.letters) - number)
    return _send(task, state, guards, writer=writer, now=now)


def _guard(cursor: Any, subject: Subject) -> tuple[Change, ...]:
    """Keeps what is written from being written if the object is pushed, or judged by its receiver, before that."""
    place = get_place(subject)
    if place is None:
        return ()
    rows = fetch_rows(cursor, place, ", ".join(_STAMPS))
    keys = (place.key, place.base)
    return tuple(
        Change(table=place.table, key=key, apply=_refuse_if_changed(row), reads=frozenset(_STAMPS))
        for key, row in zip(keys, rows, strict=True)
        if key is not None
    )


def _refuse_if_changed(seen: Columns | None) -> Callable[[Columns | None, Columns | None], None]:
    def apply(stored: Columns | None, base: Columns | None) -> None:
        if [stored and stored[name] for name in _STAMPS] != [seen and seen[name] for name in _STAMPS]:
            raise _Changed("the object changed meanwhile")

    return apply


def _send(task: _Task, state: FullState | None, guards: tuple[Change, ...], *, writer: Writer, now: datetime) -> Resent:
    total = Resent()
    is_whole = state is not None and task.letters[-1].method in (*STATES, "DELETE")
    groups = [task.letters] if is_whole else [(letter,) for letter in task.letters]
    for letters in groups:
        event = _make_event(letters[-1], state if is_whole else None, object_key=task.object_key, now=now)
        changes = (*_take(letters, {"resent_at": now}), *guards)
        written = writer.write_blocking(Job(changes=changes, event=event))
        number = _count(written.outcomes)
        total += Resent(
            sent=number,
            taken=len(letters) - number,
            events=() if written.event is None else (written.event,),
        )
    return total


def _make_event(letter: DeadLetter, state: FullState | None, *, object_key: str, now: datetime) -> NewEvent:
    """An old state, or a DELETE of what was put again since, must not undo what the receiver got: the whole is sent."""
    event = NewEvent(
        module=letter.module,
        method=letter.method,
        path=letter.path,
        query=letter.query,
        body=letter.body,
        object_key=object_key,
        sender=letter.sender,
        receiver=letter.receiver,
        correlation_id=letter.correlation_id,
        at=now,
    )
    return event if state is None else replace(event, method="PUT", path=state.path, body=state.body)


def _write(writer: Writer, job: Job) -> tuple[Outcome, ...]:
    return writer.write_blocking(job).outcomes


def _count(outcomes: Iterable[Outcome]) -> int:
    return sum(outcome is not Outcome.KEPT for outcome in outcomes)


def _take(letters: Iterable[DeadLetter], columns: Columns) -> tuple[Change, ...]:
    """Under lock. If all are taken already, no event is written (journal.rows.Job)."""
    table = table_of(DeadLetter)
    return tuple(
        Change(table=table, key=_key_of(letter, table.key), apply=_take_if_open(columns)) for letter in letters
    )


def _key_of(letter: DeadLetter, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(getattr(letter, name) for name in names)


def _take_if_open(columns: Columns) -> Callable[[Columns | None, Columns | None], Columns | None]:
    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        is_open = stored is not None and stored["resent_at"] is None and stored["closed_at"] is None
        return columns if is_open else None

    return apply
