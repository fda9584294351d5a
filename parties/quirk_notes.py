"""What was found odd with which platform: counted in memory, written now and then in one statement."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from parties.quirks import Quirk


@dataclass(slots=True)
class Note:
    count: int
    example: str


Notes = dict[tuple[int, Quirk], Note]


class QuirkNotes:
    """Safe to use from several threads; noting costs a dictionary look-up."""

    def __init__(self) -> None:
        self._notes: Notes = {}
        self._lock = threading.Lock()

    def note(self, platform: int, found: Mapping[Quirk, str]) -> None:
        for quirk, example in found.items():
            with self._lock:
                known = self._notes.setdefault((platform, quirk), Note(0, example[:200]))
                known.count += 1

    def take(self) -> Notes:
        with self._lock:
            taken, self._notes = self._notes, {}
        return taken

    def give_back(self, taken: Notes) -> None:
        """They could not be written."""
        with self._lock:
            for key, note in taken.items():
                self._notes.setdefault(key, Note(0, note.example)).count += note.count


def record_quirks(taken: Notes, *, now: datetime) -> None:
    """The first example stays; platforms that are gone are passed over."""
    if not taken:
        return
    rows = sorted(taken.items(), key=lambda row: row[0])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO parties_detectedquirk AS known
                   (platform_id, quirk, count, example, first_seen_at, last_seen_at)
            SELECT found.platform, found.quirk, found.count, found.example, %s, %s
              FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[]) AS found (platform, quirk, count, example)
              JOIN parties_platform ON parties_platform.id = found.platform
            ON CONFLICT (platform_id, quirk) DO UPDATE
            SET count = known.count + EXCLUDED.count, last_seen_at = GREATEST(known.last_seen_at, EXCLUDED.last_seen_at)
            """,
            [
                now,
                now,
                [platform for (platform, _), _ in rows],
                [quirk.value for (_, quirk), _ in rows],
                [note.count for _, note in rows],
                [note.example for _, note in rows],
            ],
        )
