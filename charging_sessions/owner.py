"""Whose session is it? For calls that name a session by its id alone (SESS-13, table 2a)."""

from __future__ import annotations

from journal.reader import Reader
from ocpi.calls import PartyId
from ocpi.module import NOTHING, Resolved
from parties.routed_module import Scope

_OWNERS = (
    "SELECT DISTINCT owner FROM charging_sessions_session WHERE object_key = %s AND token_owner = %s"
    " AND owner = ANY(%s) AND deleted_at IS NULL ORDER BY owner LIMIT 2"
)


async def find_session_owner(session_id: str, *, scope: Scope, reader: Reader) -> Resolved:
    """The CPO of the caller's own session of that id, if there is exactly one."""
    rows = await reader.fetch(_OWNERS, (session_id.lower(), scope.caller.key, sorted(scope.partners)))
    if len(rows) == 1:
        return Resolved(PartyId.of_key(rows[0][0]))
    return Resolved(ambiguous=True) if rows else NOTHING
