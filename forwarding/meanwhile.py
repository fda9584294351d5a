"""Whether what a dead letter holds still has to be sent: the receiver may have got it, or newer, in another way since.

Reading only. A verdict is kept with an object that was pushed to one party; of broadcasts the call log tells.
"""

from __future__ import annotations

from typing import Any

from forwarding.models import DeadLetter
from forwarding.modules import Subject, fetch_rows, get_place
from journal.rows import Columns
from parties.shadows import get_last

STATES = frozenset({"PUT", "PATCH"})

# Full states of the object, told after the letter's event, that this receiver accepted.
ACCEPTED_SINCE = """
    SELECT call.at FROM journal_event event
      JOIN journal_calllog call
        ON call.event = event.id AND call.correlation_id = left(event.correlation_id, 250) AND call.correlation_id <> ''
     WHERE event.object_key = %(object)s AND event.id > %(event)s AND event.at >= %(since)s
       AND event.receiver IN ('', %(receiver)s) AND event.query = %(query)s
       AND (event.supersedes AND (%(path)s = event.path OR starts_with(%(path)s, event.path || '/'))
            OR event.method = %(method)s AND event.path = %(path)s AND %(method)s = 'DELETE')
       AND call.leg = 'out' AND call.receiver = %(receiver)s AND call.platform = %(platform)s
       AND call.at >= %(since)s AND call.http_status BETWEEN 200 AND 299 AND call.status_code BETWEEN 1000 AND 1999
     ORDER BY call.at DESC LIMIT 1
"""


def find_settlement(cursor: Any, letter: DeadLetter, subject: Subject, *, object_key: str) -> str:
    """Why nothing need be sent any more; "" if it must."""
    variant, copy = _fetch_rows(cursor, subject)
    last, told = get_last(variant, copy), variant or copy
    if last and last["deleted_at"] is not None and letter.method in STATES:
        return "its owner deleted the object since"
    if told and told["deleted_at"] is None and told["verdict_at"] is not None:
        at = told["verdict_at"]
        if at > letter.created_at and 1000 <= (told["verdict_code"] or 0) < 2000:
            return f"the receiver accepted the object at {at:%Y-%m-%d %H:%M:%S} UTC"
    cursor.execute(
        ACCEPTED_SINCE,
        {
            "object": object_key,
            "event": letter.event,
            "since": letter.event_at,
            "receiver": letter.receiver,
            "platform": letter.platform_id,
            "query": letter.query,
            "method": letter.method,
            "path": letter.path,
        },
    )
    found = cursor.fetchone()
    return f"the receiver accepted a newer state at {found[0]:%Y-%m-%d %H:%M:%S} UTC" if found else ""


def _fetch_rows(cursor: Any, subject: Subject) -> tuple[Columns | None, ...]:
    """The variant that was pushed to this party, and the hub's own copy."""
    place = get_place(subject)
    if place is None:
        return None, None
    return fetch_rows(cursor, place, "deleted_at, last_updated, changed_at, verdict_code, verdict_at")
