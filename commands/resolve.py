"""Who a command without receiver is for (table 2a): exactly one party, or nobody. Never guessed (ROUTE-37)."""

from __future__ import annotations

from collections.abc import Collection

from journal.reader import Reader
from ocpi import patch
from ocpi.calls import PartyId
from ocpi.module import NOTHING, Resolved
from parties.routed_module import Scope

_LOCATIONS = (
    "SELECT owner, document FROM locations_location WHERE object_key = %s AND owner = ANY(%s)"
    " AND audience IN ('', %s) AND deleted_at IS NULL"
)
_RESERVATIONS = (
    "SELECT receiver, bool_or(closed_at IS NULL AND (expires_at IS NULL OR expires_at > %s)) FROM commands_reservation"
    " WHERE requester = %s AND reservation_key = %s GROUP BY receiver"
)


async def find_location_owner(location_id: str, evse_uid: str | None, *, scope: Scope, reader: Reader) -> Resolved:
    """The one owner of a location of that id, or of the one among them that has the EVSE."""
    rows = await reader.fetch(_LOCATIONS, (location_id.lower(), sorted(scope.partners), scope.caller.key))
    owners = {owner for owner, _ in rows}
    if len(owners) > 1 and evse_uid:
        owners = {owner for owner, document in rows if _has_evse(document, evse_uid)}
    return _only(owners)


async def find_reserved(reservation_id: str, *, scope: Scope, reader: Reader) -> Resolved:
    """The one CPO that was asked for it; of several, the one whose reservation still holds.

    Whether there is still something to cancel, the CPO says, whose clock counts: the hub invents no result (CMD-09).
    """
    rows = await reader.fetch(_RESERVATIONS, (scope.now, scope.caller.key, reservation_id.lower()))
    holding = {receiver for receiver, is_open in rows if is_open}
    return _only(holding or {receiver for receiver, _ in rows})


def _only(parties: Collection[str]) -> Resolved:
    if len(parties) == 1:
        return Resolved(PartyId.of_key(next(iter(parties))))
    return Resolved(ambiguous=True) if parties else NOTHING


def _has_evse(document: str, evse_uid: str) -> bool:
    try:
        return patch.get_child(document.encode(), [("evses", "uid", evse_uid)]) is not None
    except patch.PatchError:  # kept although invalid
        return False
