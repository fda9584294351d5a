"""Store and forward for a push with one receiver (decision 4): when it has to wait, and what its sender is told."""

from __future__ import annotations

from gateway.course import Course
from journal.batch import sublane_of
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


def accept_for_later(decision: Forward) -> Reply:
    receiver = decision.node.party
    return Reply(status_message=f"accepted by the hub: {receiver} is not reachable now, it is delivered in order later")
