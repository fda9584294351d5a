"""How far reconciliation has come: positions in the order in which rows changed, and who may move them.

Rows are stamped before they are committed, so one may appear behind a position that was passed. Therefore each order is
looked at twice: up to now, and once more when nothing can appear any more. Nothing is written on the rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db import connection, transaction

from reconciliation.models import Sweep

TURN = 0x0C7123C0  # the number under which those that judge take turns
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# A row may become visible this long after the moment it carries: calls are stamped on arrival and committed later.
SLACK = timedelta(seconds=30)

Position = tuple[datetime, int]
START: Position = (BEGINNING, 0)


@dataclass(frozen=True, slots=True)
class Range:
    """What changed after one position, up to another."""

    after: Position
    until: Position

    SQL: ClassVar[str] = (
        "(c.changed_at, c.id) > (%(after_at)s, %(after_id)s) AND (c.changed_at, c.id) <= (%(until_at)s, %(until_id)s)"
    )

    @property
    def values(self) -> dict[str, Any]:
        (after_at, after_id), (until_at, until_id) = self.after, self.until
        return {"after_at": after_at, "after_id": after_id, "until_at": until_at, "until_id": until_id}


@contextmanager
def turn(*, patient: bool) -> Iterator[bool]:
    """A transaction in which nobody else judges. False: somebody does, and we are not to wait for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if patient:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
            yield True
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
            yield bool(cursor.fetchone()[0])


def get_position(name: str) -> Position:
    sweep = Sweep.objects.filter(name=name).first()
    return START if sweep is None or sweep.reached_at is None else (sweep.reached_at, sweep.reached_id)


def move(name: str, *, to: Position) -> None:
    """Never back."""
    if to > get_position(name):
        Sweep.objects.update_or_create(name=name, defaults={"reached_at": to[0], "reached_id": to[1]})


def start_over() -> None:
    """The next run looks at everything: after rows were put in by hand, say, with moments that were passed long ago."""
    with turn(patient=True):
        Sweep.objects.all().delete()
