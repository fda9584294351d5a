"""The tariffs module (mod_tariffs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from msgspec.structs import replace

from journal.reader import Reader
from ocpi.calls import Call, Interface, Role
from ocpi.errors import InvalidParameter
from ocpi.module import Match, Route
from parties.owned_changes import Described
from parties.owned_module import Absence, OwnedModule
from tariffs import references
from tariffs.models import Tariff
from tariffs.remarks import TOO_LONG, as_flag, find_remarks, get_message, worth_telling
from tariffs.wire import v2_2_1


class Tariffs(OwnedModule):
    id = "tariffs"
    broadcast = True
    owner_roles = frozenset({Role.CPO, Role.NAP})
    passing_roles = frozenset({Role.NAP})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(
            interface=Interface.RECEIVER,
            pattern="{country_code}/{party_id}/{tariff_id}",
            methods=("GET", "PUT", "DELETE"),  # no PATCH in 2.2.1 (TAR-02)
        ),
    )
    model = Tariff
    wire = v2_2_1.Tariff
    identity = {"country_code": "country_code", "party_id": "party_id", "id": "tariff_id"}
    absence = Absence.REMOVED  # TAR-05
    is_noted = True

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.id) if obj is not None else match["tariff_id"]

    def describe(self, document: bytes, match: Match, *, strict: bool) -> Described:
        """With the remarks of the lint beside it; they refuse nothing but what HUB_REFUSE_TARIFFS names, and then also
        what nobody looked through."""
        described = super().describe(document, match, strict=strict)
        if not described.is_verified:
            return described
        remarks = find_remarks(document)
        if strict and (refused := settings.HUB_REFUSE_TARIFFS):
            for remark in remarks:
                if remark.id in (*refused, TOO_LONG):
                    raise InvalidParameter(f"{remark.path or '/'}: {remark.message} ({remark.id})")
        return replace(described, flags=(*described.flags, *(as_flag(remark) for remark in worth_telling(remarks))))

    async def get_warning(self, call: Call, match: Match, reader: Reader) -> str | None:
        """What the lint says. And a tariff that connectors still name had better stay; but it goes if its owner says
        so (TAR-04)."""
        if call.method == "PUT":
            return get_message(worth_telling(find_remarks(call.body)))
        if call.method != "DELETE" or match.owner is None:
            return None
        location = await references.find_location(match.owner, match["tariff_id"], reader=reader)
        return location and f"deleted, though a connector of location {location} still names it in its tariff_ids"

    def get_columns(self, obj: v2_2_1.Tariff) -> Mapping[str, Any]:
        return {"currency": obj.currency}
