"""The locations module (mod_locations), with EVSEs and connectors inside the stored location."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from journal.reader import Reader
from journal.rows import Change, Columns
from locations import parts
from locations.models import Location
from locations.wire import v2_2_1
from ocpi import patch
from ocpi.calls import Call, Interface, PartyId, Role
from ocpi.errors import InvalidParameter, UnknownLocation
from ocpi.module import NOTHING, Match, Resolved, Route
from ocpi.raw import read_fields, read_patch_stamp, read_stamp, read_text
from ocpi.shared.v2_2_1 import NOT_AVAILABLE
from ocpi.wire import decode
from parties.hot_settings import hot
from parties.owned_changes import Described, rework
from parties.owned_module import Absence, OwnedModule
from parties.routed_module import Scope

_METHODS = ("GET", "PUT", "PATCH")
_OWNED = "{country_code}/{party_id}/{location_id}"


class _Location(msgspec.Struct):
    """EVSEs and connectors name no owner."""

    country_code: str = ""
    party_id: str = ""
    operator: Any = msgspec.UNSET


_location = msgspec.json.Decoder(_Location)


class Locations(OwnedModule):
    id = "locations"
    broadcast = True
    owner_roles = frozenset({Role.CPO, Role.NAP})
    passing_roles = frozenset({Role.NAP})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(interface=Interface.SENDER, pattern="{location_id}", methods=("GET",)),
        Route(interface=Interface.SENDER, pattern="{location_id}/{evse_uid}", methods=("GET",)),
        Route(interface=Interface.SENDER, pattern="{location_id}/{evse_uid}/{connector_id}", methods=("GET",)),
        Route(interface=Interface.RECEIVER, pattern=_OWNED, methods=_METHODS),
        Route(interface=Interface.RECEIVER, pattern=_OWNED + "/{evse_uid}", methods=_METHODS),
        Route(interface=Interface.RECEIVER, pattern=_OWNED + "/{evse_uid}/{connector_id}", methods=_METHODS),
    )
    model = Location
    wire = v2_2_1.Location
    identity = {"country_code": "country_code", "party_id": "party_id", "id": "location_id"}
    absence = Absence.REMOVED  # LOC-17
    is_noted = True

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.id) if obj is not None else match["location_id"]

    def get_columns(self, obj: v2_2_1.Location) -> Mapping[str, Any]:
        return {
            "country": obj.country,
            "city": obj.city,
            "latitude": Decimal(obj.coordinates.latitude),
            "longitude": Decimal(obj.coordinates.longitude),
            "time_zone": "" if obj.time_zone == NOT_AVAILABLE else obj.time_zone,
            "publish": obj.publish,
            "evse_count": len(obj.evses or ()),
        }

    def dress(self, document: bytes, *, operators: Mapping[str, bytes]) -> bytes:
        try:
            told = _location.decode(document)
        except (msgspec.DecodeError, RecursionError):  # stored unverified: it stays as it is
            return document
        operator = operators.get(PartyId(told.country_code, told.party_id).key)
        if operator is None or told.operator not in (None, msgspec.UNSET):
            return document
        if told.operator is None:
            return patch.set_fields(document, {"operator": operator})
        return document.rstrip()[:-1] + b',"operator":' + operator + b"}"  # all else keeps its bytes

    def merge(self, document: bytes, change: bytes) -> bytes:
        return parts.merge_location(document, change)

    def get_part(self, document: bytes, match: Match) -> bytes | None:
        return parts.get(document, match)

    def get_supersedes(self, call: Call, match: Match) -> bool:
        return call.method == "PUT"

    def read_push(self, call: Call, match: Match) -> None:
        """EVSE and connector bodies carry no owner, only their own id (TRANS-34)."""
        own_id = parts.get_own_id(match)
        if own_id is None:
            return super().read_push(call, match)
        name, expected = own_id
        value = read_text(read_fields(call.body), name)
        if value is None and call.method == "PUT":
            raise InvalidParameter(f"{name}: is missing")
        if value is not None and value.lower() != expected.lower():
            raise InvalidParameter(f"{name}: differs from the one in the URL")
        return None

    def get_changes(self, call: Call, match: Match, *, audience: PartyId | None, now: datetime) -> tuple[Change, ...]:
        if match.get("evse_uid") is None:
            return super().get_changes(call, match, audience=audience, now=now)
        strict = audience is None
        stamp = self._read_part(call, match, strict=strict)

        def work(document: bytes, last_updated: datetime) -> Described | None:
            reworked = parts.apply(document, match, method=call.method, body=call.body, stamp=stamp, strict=strict)
            return None if reworked is None else self.describe(reworked, match, strict=strict)

        def adds(stored: Columns) -> bool:
            return parts.get(stored["document"].encode(), match) is None

        return (
            rework(
                self.get_place(call, match, audience=audience),
                work,
                now=now,
                missing=UnknownLocation("no such location: PUT it first") if strict else None,
                longest=hot.HUB_MAX_BODY,
                adds=adds if call.method == "PUT" else None,
            ),
        )

    def _read_part(self, call: Call, match: Match, *, strict: bool) -> datetime | None:
        """Validate an EVSE or connector on its own, so that the error names its field; its `last_updated`."""
        if call.method == "PATCH":
            return read_patch_stamp(call.body, strict=strict)
        kind: type[msgspec.Struct] = v2_2_1.Connector if match.get("connector_id") else v2_2_1.EVSE
        if strict:
            decode(call.body, type=kind)
        return read_stamp(call.body)

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        """One object on the SENDER interface: its owner among those the caller may see (table 2a)."""
        if call.interface is not Interface.SENDER or not call.path:
            return NOTHING
        rows = await reader.fetch(
            "SELECT DISTINCT owner FROM locations_location WHERE object_key = %s AND owner = ANY(%s)"
            " AND audience IN ('', %s) AND deleted_at IS NULL LIMIT 2",
            (match["location_id"].lower(), sorted(scope.partners), scope.caller.key),
        )
        if len(rows) == 1:
            return Resolved(PartyId.of_key(rows[0][0]))
        return Resolved(ambiguous=bool(rows))
