"""What a batch does to the rows it has locked, worked out in memory before anything is written. No database here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from journal.rows import Change, Columns, Job, Mark, NewEvent, NewLogRow, Outcome, Table
from journal.storable import refuse_unstorable
from journal.tables import ModelTable

Key = tuple[str, ...]
RowId = tuple[str, Key]  # name of the table, key


@dataclass(slots=True)
class Slot:
    """One row of the batch: as it was found, as it stands after the jobs so far, and the columns they wrote."""

    table: Table
    key: Key
    stored: bool
    row: Columns | None
    written: Columns
    at_most: Columns = field(default_factory=dict)  # of a row that is only marked: see `Mark`

    @property
    def is_insert(self) -> bool:
        return not self.stored and self.row is not None

    @property
    def is_update(self) -> bool:
        return self.stored and bool(self.written)

    @property
    def keyed(self) -> dict[str, Any]:
        """What is written, with the key: a copy of its own."""
        return {**dict(zip(self.table.key, self.key, strict=True)), **self.at_most, **self.written}


@dataclass(slots=True)
class Wanted:
    """Rows of one table that change: their keys, with each whether its bulk is looked at, and the columns that are."""

    table: Table
    keys: dict[Key, bool] = field(default_factory=dict)
    reads: frozenset[str] | None = frozenset()  # None: all

    def add(self, change: Change, *, is_base: bool) -> None:
        reads = change.reads
        looks = is_base or reads is None or not reads.isdisjoint(self.table.bulk)
        self.keys[change.key] = self.keys.get(change.key, False) or looks
        self.reads = None if self.reads is None or reads is None else self.reads | reads

    @property
    def columns(self) -> tuple[str, ...]:
        """Without the key."""
        return _without_key(self.table, self.reads)


@lru_cache(1024)
def _without_key(table: Table, reads: frozenset[str] | None) -> tuple[str, ...]:
    return tuple(name for name in table.columns if name not in table.key and (reads is None or name in reads))


class Accepted(msgspec.Struct, frozen=True):
    outcomes: tuple[Outcome, ...]
    event: NewEvent | None
    log: tuple[NewLogRow, ...]


class Overlay:
    """Rows by table and key. Those under lock are slots; `bases` were read without lock; `unseen` are only marked."""

    def __init__(self) -> None:
        self.slots: dict[RowId, Slot] = {}
        self.unseen: dict[RowId, Slot] = {}
        self.bases: dict[RowId, Columns] = {}

    def add(self, table: Table, key: Key, row: Columns | None) -> None:
        self.slots[table.name, key] = Slot(table=table, key=key, stored=row is not None, row=row, written={})

    def add_unseen(self, table: Table, key: Key) -> None:
        """It may be there or not: the statement that marks it will know."""
        self.unseen[table.name, key] = Slot(table=table, key=key, stored=True, row={}, written={})

    def apply(self, job: Job) -> Accepted:
        """All of the job or, when anything raises, nothing of it: later jobs must not see a refused one."""
        before: list[tuple[Slot, Columns | None, Columns, Columns]] = []
        try:
            outcomes = []
            for change in job.changes:
                slot = self.slots[change.table.name, change.key]
                before.append((slot, slot.row, slot.written, slot.at_most))
                outcomes.append(self._change(slot, change))
            for mark in job.marks:
                row_id = (mark.table.name, mark.key)
                is_seen = row_id in self.slots
                marked = self.slots[row_id] if is_seen else self.unseen[row_id]
                before.append((marked, marked.row, marked.written, marked.at_most))
                _mark(marked, mark, is_seen=is_seen)
            return _accepted(job, tuple(outcomes))
        except BaseException:
            for slot, row, written, at_most in reversed(before):
                slot.row, slot.written, slot.at_most = row, written, at_most
            raise

    def _change(self, slot: Slot, change: Change) -> Outcome:
        columns = change.apply(slot.row, self._base(change))
        if columns is None:
            return Outcome.KEPT
        if strange := _find_strange(slot.table, tuple(columns)):
            raise ValueError(f"{slot.table.name}: a change may not write {strange}")
        refuse_unstorable(columns)
        outcome = Outcome.CREATED if _makes_new(change, slot.row, columns) else Outcome.UPDATED
        slot.row = {**(new_row(slot.table, slot.key) if slot.row is None else slot.row), **columns}
        slot.written = {**slot.written, **columns} if slot.written else columns
        return outcome

    def _base(self, change: Change) -> Columns | None:
        if change.base_key is None:
            return None
        slot = self.slots.get((change.table.name, change.base_key))
        return slot.row if slot is not None else self.bases.get((change.table.name, change.base_key))


@lru_cache(1024)
def _find_strange(table: Table, columns: tuple[str, ...]) -> list[str]:
    return sorted(name for name in columns if name not in table.columns or name in table.key)


def _makes_new(change: Change, row: Columns | None, columns: Columns) -> bool:
    """An object, or a part of one that is there (TRANS-13)."""
    return row is None or _is_revived(row, columns) or (change.adds is not None and change.adds(row))


def _is_revived(row: Columns, columns: Columns) -> bool:
    """Of a tombstone, an object is made anew."""
    return row.get("deleted_at") is not None and columns.get("deleted_at", row["deleted_at"]) is None


def new_row(table: Table, key: Key) -> dict[str, Any]:
    """What the table says of a row before anybody wrote it."""
    defaults: Columns = table.defaults if isinstance(table, ModelTable) else {}
    return {**defaults, **dict(zip(table.key, key, strict=True))}


def _mark(slot: Slot, mark: Mark, *, is_seen: bool) -> None:
    """Of several marks of a row that nobody has seen, the one for the newest state counts."""
    known = slot.row if is_seen else slot.at_most
    if known is None or any(name in known and known[name] > most for name, most in mark.at_most.items()):
        return
    slot.row = {**(slot.row or {}), **mark.columns}
    slot.written = {**slot.written, **mark.columns}
    if not is_seen:
        slot.at_most = mark.at_most


def _accepted(job: Job, outcomes: tuple[Outcome, ...]) -> Accepted:
    unchanged = bool(outcomes) and outcomes.count(Outcome.KEPT) == len(outcomes)
    return Accepted(
        outcomes=outcomes,
        event=None if unchanged else job.event,
        log=tuple(job.log(outcomes)) if job.log is not None else (),
    )


def rows_to_lock(jobs: Sequence[Job]) -> dict[str, Wanted]:
    """By table."""
    wanted: dict[str, Wanted] = {}
    bases = {(change.table.name, change.base_key) for job in jobs for change in job.changes if change.base_key}
    for job in jobs:
        for change in job.changes:
            name = change.table.name
            if (rows := wanted.get(name)) is None:
                rows = wanted[name] = Wanted(change.table)
            rows.add(change, is_base=(name, change.key) in bases)
    for job in jobs:
        for mark in job.marks:
            if mark.at_most and (rows := wanted.get(mark.table.name)) is not None and rows.reads is not None:
                rows.reads = rows.reads.union(mark.at_most)
    return wanted


def rows_to_mark(jobs: Iterable[Job]) -> dict[str, tuple[Table, set[Key]]]:
    """By table: the keys that are marked and do not change otherwise."""
    changing = {(change.table.name, change.key) for job in jobs for change in job.changes}
    wanted: dict[str, tuple[Table, set[Key]]] = {}
    for job in jobs:
        for mark in job.marks:
            if (mark.table.name, mark.key) not in changing:
                wanted.setdefault(mark.table.name, (mark.table, set()))[1].add(mark.key)
    return wanted


def bases_to_read(jobs: Iterable[Job]) -> dict[str, tuple[Table, set[Key]]]:
    wanted: dict[str, tuple[Table, set[Key]]] = {}
    for job in jobs:
        for change in job.changes:
            if change.base_key is not None:
                wanted.setdefault(change.table.name, (change.table, set()))[1].add(change.base_key)
    return wanted
