"""The charging profiles module (mod_charging_profiles). Session ids are the receiver's own, never changed (CP-10)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from charging_profiles.models import Setting
from charging_profiles.wire import v2_2_1
from charging_sessions.owner import find_session_owner
from journal.reader import Reader
from journal.rows import Change, Columns, Mark
from journal.tables import table_of
from ocpi.calls import Call, Interface, PartyId, Reply, Role
from ocpi.errors import UnknownReceiver
from ocpi.module import NOTHING, Match, Resolved, Route
from ocpi.raw import read_fields
from parties.result_module import ResultModule, check_id, read_answered_result, read_told_result
from parties.routed_module import Scope

REFUSED = frozenset({"NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"})  # ChargingProfileResponse

# A profile that certainly took effect counts before one whose result never came; what was refused does not.
_SETTER = (
    "SELECT sender FROM charging_profiles_setting"
    " WHERE receiver = %s AND session_key = %s AND refused_at IS NULL"
    " ORDER BY succeeded_at DESC NULLS LAST, asked_at DESC, id DESC LIMIT 1"
)


class ChargingProfiles(ResultModule):
    id = "chargingprofiles"
    owner_roles = frozenset({Role.EMSP, Role.NSP, Role.OTHER, Role.SCSP})  # who sets profiles (CP-09)
    routes = (
        Route(
            interface=Interface.SENDER,
            pattern="{session_id}",
            methods=("PUT",),  # CP-07, AMB-66
            request=v2_2_1.ActiveChargingProfile,
        ),
        Route(
            interface=Interface.RECEIVER,
            pattern="{session_id}",
            methods=("PUT",),
            request=v2_2_1.SetChargingProfile,
            answer=v2_2_1.ChargingProfileResponse,
        ),
        Route(
            interface=Interface.RECEIVER,
            pattern="{session_id}",
            methods=("DELETE", "GET"),
            answer=v2_2_1.ChargingProfileResponse,
        ),
    )

    def get_timeout(self, call: Call) -> float:
        return float(settings.HUB_COMMAND_TIMEOUT)

    def has_result(self, call: Call, match: Match) -> bool:
        """A CPO's update of the active profile has none."""
        return call.interface is Interface.RECEIVER

    def read_push(self, call: Call, match: Match) -> None:
        if call.method == "PUT":
            read_fields(call.body)

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        session_id = check_id("session_id", match["session_id"])
        if call.interface is Interface.RECEIVER:
            return await find_session_owner(session_id, scope=scope, reader=reader)
        rows = await reader.fetch(_SETTER, (scope.caller.key, session_id.lower()))
        return Resolved(PartyId.of_key(rows[0][0])) if rows else NOTHING

    async def answer(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Reply:
        """The hub keeps no profiles: a GET without a receiver goes to the session's CPO, or nowhere (ROUTE-31)."""
        raise UnknownReceiver("none named, and none can be derived from the session")

    def get_request_changes(
        self, call: Call, match: Match, *, receiver: PartyId, token: str, now: datetime
    ) -> tuple[Change, ...]:
        if call.method != "PUT":
            return ()
        assert call.sender is not None
        row = {
            "receiver": receiver.key,
            "session_key": check_id("session_id", match["session_id"]).lower(),
            "sender": call.sender.key,
            "asked_at": now,
        }

        def apply(stored: Columns | None, base: Columns | None) -> Columns:
            return row

        return (Change(table=table_of(Setting), key=(token,), apply=apply),)

    def get_answer_marks(self, call: Call, *, token: str, reply: Reply | None, now: datetime) -> tuple[Mark, ...]:
        if reply is not None and reply.is_success and read_answered_result(reply) not in REFUSED:
            return ()
        return _mark(token, "refused_at", now)

    def get_result_marks(self, call: Call, *, token: str, now: datetime) -> tuple[Mark, ...]:
        column = "succeeded_at" if read_told_result(call.body) == "ACCEPTED" else "refused_at"
        return _mark(token, column, now)


def _mark(token: str, column: str, now: datetime) -> tuple[Mark, ...]:
    """Of GET and DELETE there is no such row, and nothing happens."""
    return (Mark(table=table_of(Setting), key=(token,), columns={column: now}),)
