"""Store and forward for a push with one receiver (decision 4): when it has to wait, how it joins the lane, and what its
sender is told."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from gateway.course import Course
from journal.batch import sublane_of
from journal.rows import Change, Columns, Job, NewEvent, NewLogRow, Outcome
from ocpi.calls import ConnectionStatus, Reply
from routing.decide import Forward

# The lane may have looked past it, and have sent what is not in its `waiting`.
_WAITING = (
    "SELECT EXISTS (SELECT 1 FROM journal_event e"
    " JOIN forwarding_lane l ON l.platform_id = %s AND l.sublane = e.sublane"
    " WHERE e.sublane = %s AND e.object_key = %s AND e.receiver IN ('', %s) AND e.id > l.cursor AND e.at >= l.cursor_at"
    " AND (e.id > l.seen OR l.waiting ? (e.id || ':' || %s)))"
)


def is_away(decision: Forward) -> bool:
    return decision.node.status is not ConnectionStatus.CONNECTED


async def has_waiting(course: Course, decision: Forward) -> bool:
    """It joins the lane while the receiver is away, or while earlier pushes of the same object, to it or to all, still
    wait there (ROUTE-35)."""
    if is_away(decision):
        return True
    object_key = course.module.get_order_key(course.call, course.match)
    receiver = decision.node.party.key
    parameters = (decision.node.platform, sublane_of(object_key), object_key, receiver, receiver)
    return bool((await course.hub.reader.fetch(_WAITING, parameters))[0][0])


async def queue(course: Course, event: NewEvent, *, change: Change | None, rows: tuple[NewLogRow, ...]) -> None:
    """Durably, for the lane. `change` is what this push made of the stored object: pushes of one object may overtake
    each other between the store and the lane, or fail while a newer one arrives. Then its receiver is told, instead of
    the older state, the object as it is now: with all of them in it, also where some are parts."""

    def log(outcomes: tuple[Outcome, ...]) -> tuple[NewLogRow, ...]:
        return () if Outcome.KEPT in outcomes else rows

    guard = () if change is None else (_if_unchanged(change, since=course.now),)
    while (await course.hub.writer.write(Job(changes=guard, event=event, log=log))).event is None:
        assert change is not None
        event, changed_at = await _read_present(course, event, change=change)
        guard = (_if_unchanged(change, since=changed_at),)


def _if_unchanged(change: Change, *, since: datetime) -> Change:
    """The event is written while the row is as it was at that moment. Nothing else is written."""

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        return {} if stored is not None and stored["changed_at"] == since else None

    return Change(table=change.table, key=change.key, apply=apply, reads=frozenset({"changed_at"}))


async def _read_present(course: Course, event: NewEvent, *, change: Change) -> tuple[NewEvent, datetime]:
    table = change.table
    where = " AND ".join(f"{name} = %s" for name in table.key)
    asked = f"SELECT document, deleted_at IS NOT NULL, changed_at FROM {table.name} WHERE {where}"
    ((document, is_gone, changed_at),) = await course.hub.reader.fetch(asked, change.key)
    method, body = ("DELETE", "") if is_gone else ("PUT", document)
    path = "/".join(event.path.split("/")[:3])  # owner and id: sub-objects go with their parent
    at = max(event.at, changed_at)  # its verdict is of that state
    return replace(event, method=method, path=path, body=body, supersedes=True, at=at), changed_at


def accept_for_later(decision: Forward, *, is_new: bool) -> Reply:
    receiver = decision.node.party
    return Reply(
        http_status=201 if is_new else 200,  # TRANS-13
        status_message=f"accepted by the hub: {receiver} is not reachable now, it is delivered in order later",
    )
