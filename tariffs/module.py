"""The tariffs module (mod_tariffs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ocpi.calls import Interface, Role
from ocpi.module import Match, Route
from parties.owned_module import OwnedModule
from tariffs.models import Tariff
from tariffs.wire import v2_2_1


class Tariffs(OwnedModule):
    id = "tariffs"
    broadcast = True
    owner_roles = frozenset({Role.CPO, Role.NAP})
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

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.id) if obj is not None else match["tariff_id"]

    def get_columns(self, obj: v2_2_1.Tariff) -> Mapping[str, Any]:
        return {"currency": obj.currency}
