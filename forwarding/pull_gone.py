"""What a complete, unfiltered list says by what it lacks: locations and tariffs are gone, tokens are stale.

Never called for a delta, nor for a list that was not read to its end (LOC-17, TAR-05, TOK-05). Sessions and CDRs never
disappear (SESS-16, CDR-19). Rows stay as tombstones: old sessions and CDRs refer to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from forwarding.pull_pieces import commit
from forwarding.pull_store import Intake, make_call, write_event
from journal.rows import Change, Columns, Job, NewEvent, Outcome
from ocpi.errors import OcpiError
from parties.owned import OwnedObject
from parties.owned_module import Absence

Apply = Callable[[Columns | None, Columns | None], Columns | None]
Name = TypeVar("Name")
Value = TypeVar("Value")


def find_missing(intake: Intake, *, seen: Set[str], begun_at: datetime) -> dict[str, str]:
    """What nobody would be served any more, by key, with its id. `seen`: the keys of all objects the list named."""
    if intake.module.absence is not Absence.REMOVED:
        return {}
    rows = _get_own(intake).filter(deleted_at__isnull=True, changed_at__lt=begun_at)
    return {key: object_id for key, object_id in rows.values_list("object_key", "object_id") if key not in seen}


def confirm(missing: Mapping[Name, Value], read_again: Callable[[], Set[Name] | None]) -> dict[Name, Value]:
    """Gone is what a list lacks when it is read once more, too: where one object went and one came between two pages, a
    third slid past. `read_again`: all that either reading names, which is there; None: it does not tell."""
    if not missing:
        return {}
    named = read_again()
    return {} if named is None else {name: value for name, value in missing.items() if name not in named}


def settle(intake: Intake, gone: Mapping[str, str], *, seen: Set[str], begun_at: datetime, now: datetime) -> int:
    """How many others there were that the list should have named."""
    if intake.module.absence is Absence.REMOVED:
        return _remove(intake, gone, begun_at=begun_at, now=now)
    if intake.module.absence is Absence.STALE:
        return _mark_stale(intake, seen=seen, begun_at=begun_at, now=now)
    return 0


def _remove(intake: Intake, gone: Mapping[str, str], *, begun_at: datetime, now: datetime) -> int:
    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        if stored is None or stored["deleted_at"] is not None or stored["changed_at"] >= begun_at:
            return None  # a push during the reading knows better
        return {"deleted_at": now, "changed_at": now}

    jobs = [
        Job(changes=(_change(intake, key, apply),), event=_make_event(intake, object_id, now=now))
        for key, object_id in gone.items()
    ]
    return _count(intake, jobs)


def _mark_stale(intake: Intake, *, seen: Set[str], begun_at: datetime, now: datetime) -> int:
    """Both ways: a token that is listed again is fresh again. Nobody is told, and it is served as before."""

    def mark(stored: Columns | None, base: Columns | None) -> Columns | None:
        return None if stored is None or stored["changed_at"] >= begun_at else {"stale_at": now}

    def clear(stored: Columns | None, base: Columns | None) -> Columns | None:
        return None if stored is None else {"stale_at": None}

    rows = _get_own(intake).filter(deleted_at__isnull=True)
    fresh = rows.filter(changed_at__lt=begun_at, **{"stale_at__isnull": True}).values_list("object_key", flat=True)
    stale = rows.filter(**{"stale_at__isnull": False}).values_list("object_key", flat=True)
    commit(intake.committer, [Job(changes=(_change(intake, key, clear),)) for key in stale if key in seen])
    return _count(intake, [Job(changes=(_change(intake, key, mark),)) for key in fresh if key not in seen])


def _get_own(intake: Intake) -> QuerySet[OwnedObject]:
    return intake.module.model._default_manager.filter(owner=intake.party.key, audience="").order_by("object_key")


def _change(intake: Intake, key: str, apply: Apply) -> Change:
    return Change(table=intake.module.table, key=(intake.party.key, key, ""), apply=apply)


def _make_event(intake: Intake, object_id: str, *, now: datetime) -> NewEvent | None:
    """A DELETE, where the module has one (TAR-03); a location just is not served any more."""
    party = intake.party
    try:
        call, match = make_call(intake.module, "DELETE", [party.country_code, party.party_id, object_id])
    except OcpiError:
        return None
    return write_event(
        intake.module, call, match, network=intake.network, platform=intake.platform, owner=party, receiver="", now=now
    )


def _count(intake: Intake, jobs: list[Job]) -> int:
    return sum(outcomes == (Outcome.UPDATED,) for outcomes in commit(intake.committer, jobs))
