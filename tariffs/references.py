"""Which of the owner's stored locations still names a tariff? Only for warnings: nothing is refused for it (LOC-15)."""

from __future__ import annotations

import msgspec

from journal.reader import Reader
from ocpi.calls import PartyId

# Cheap enough for something as rare as a withdrawn tariff; the text may stand elsewhere, so it is looked at below.
_CANDIDATES = (
    "SELECT object_id, document FROM locations_location WHERE owner = %s AND audience = '' AND deleted_at IS NULL"
    " AND position(%s IN lower(document)) > 0 LIMIT 20"
)


class _Connector(msgspec.Struct):
    tariff_ids: list[str] | None = None


class _Evse(msgspec.Struct):
    connectors: list[_Connector] | None = None


class _Location(msgspec.Struct):
    evses: list[_Evse] | None = None


_decoder = msgspec.json.Decoder(_Location)


async def find_location(owner: PartyId, tariff_id: str, *, reader: Reader) -> str | None:
    """The id of one location with a connector of this tariff; ids compare without case (TRANS-40)."""
    text = msgspec.json.encode(tariff_id.lower()).decode()
    rows = await reader.fetch(_CANDIDATES, (owner.key, text))
    return next((object_id for object_id, document in rows if _names(document, tariff_id.lower())), None)


def _names(document: str, tariff_key: str) -> bool:
    try:
        evses = _decoder.decode(document).evses or ()
    except (msgspec.DecodeError, RecursionError):  # kept as it was told, though not of this shape
        return False
    connectors = (connector for evse in evses for connector in evse.connectors or ())
    return any(tariff_key == one.lower() for connector in connectors for one in connector.tariff_ids or ())
