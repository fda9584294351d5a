"""Store and forward for a push with one receiver (decision 4): when it has to wait, and what its sender is told."""

from __future__ import annotations

import zlib

from gateway.hub import Hub
from journal.rows import SUBLANES
from ocpi.calls import Call, ConnectionStatus, Reply
from ocpi.module import Match
from parties.owned_module import OwnedModule
from routing.decide import Forward

_WAITING = (
    "SELECT EXISTS (SELECT 1 FROM journal_event e"
    " JOIN forwarding_lane l ON l.platform_id = %s AND l.sublane = e.sublane"
    " WHERE e.sublane = %s AND e.object_key = %s AND e.receiver = %s AND e.id > l.cursor AND e.at >= l.cursor_at)"
)


async def has_waiting(module: OwnedModule, call: Call, match: Match, decision: Forward, hub: Hub) -> bool:
    """It joins the lane while the receiver is away, or while earlier pushes of the same object still wait there."""
    if decision.node.status is not ConnectionStatus.CONNECTED:
        return True
    object_key = module.get_order_key(call, match)
    sublane = zlib.crc32(object_key.encode()) % SUBLANES
    rows = await hub.reader.fetch(_WAITING, (decision.node.platform, sublane, object_key, decision.node.party.key))
    return bool(rows[0][0])


def accept_for_later(decision: Forward) -> Reply:
    receiver = decision.node.party
    return Reply(status_message=f"accepted by the hub: {receiver} is not reachable now, it is delivered in order later")
