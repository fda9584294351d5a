"""The sessions module (mod_sessions). A session has one addressee, the party in `cdr_token` (ROUTE-30)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from charging_sessions.models import LONGEST_STATUS, Session
from charging_sessions.owner import find_session_owner
from charging_sessions.wire import v2_2_1
from journal.reader import Reader
from journal.rows import Columns
from ocpi import patch
from ocpi.calls import Call, Interface, PartyId, Reply, Role, get_party
from ocpi.errors import InvalidParameter, UnknownObject
from ocpi.module import NOTHING, Match, Resolved, Route
from ocpi.pages import read_query
from parties.owned_changes import Described, Guard
from parties.owned_module import OwnedModule
from parties.routed_module import Scope
from parties.token_owner import check_addressee, read_token_owner

FINAL = frozenset({"COMPLETED", "INVALID"})
LATE = "status: was final already when a later change came"


_TOKEN_OWNER = (
    "SELECT token_owner FROM charging_sessions_session WHERE owner = %s AND object_key = %s AND audience = ''"
)


class Sessions(OwnedModule):
    id = "sessions"
    owner_roles = frozenset({Role.CPO})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(
            interface=Interface.SENDER,
            pattern="{session_id}/charging_preferences",
            methods=("PUT",),
            request=v2_2_1.ChargingPreferences,
            answer=v2_2_1.ChargingPreferencesResponse,
        ),
        Route(
            interface=Interface.RECEIVER,
            pattern="{country_code}/{party_id}/{session_id}",
            methods=("GET", "PUT", "PATCH"),
        ),
    )
    model = Session
    wire = v2_2_1.Session
    identity = {"country_code": "country_code", "party_id": "party_id", "id": "session_id"}
    is_token_bound = True
    names_people = True
    is_passed_on = True  # SESS-17
    list_needs_date = True  # SESS-02
    remarks_on = frozenset({"status", "document", "flags"})

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.id) if obj is not None else match["session_id"]

    def get_columns(self, obj: v2_2_1.Session) -> Mapping[str, Any]:
        token = obj.cdr_token
        return {
            "token_owner": get_party(token.country_code, token.party_id).key,
            "status": obj.status[:LONGEST_STATUS],
            "start_at": obj.start_date_time,
            "end_at": obj.end_date_time,
            "kwh": obj.kwh,
            "total_cost": obj.total_cost.excl_vat if obj.total_cost else None,
            "currency": obj.currency,
            "location_key": obj.location_id.lower(),
        }

    def check(self, call: Call, match: Match) -> None:
        if call.interface is Interface.RECEIVER and call.method == "PUT" and not _is_for_smart_charging(call):
            check_addressee(call, read_token_owner(call.body))  # SESS-07

    def get_remark(self, stored: Columns, described: Described) -> str | None:
        """COMPLETED and INVALID are final (SESS-08): what comes later is kept and passed on, and stays marked."""
        is_late = stored["status"] in FINAL and stored["document"] != described.document
        return LATE if is_late or LATE in stored["flags"].split("\n") else None

    def get_guard(self, call: Call) -> Guard | None:
        """A PATCH names no token: the stored session says whose it is (SESS-07)."""
        receiver = call.receiver
        if receiver is None or _is_for_smart_charging(call):
            return None
        allowed = {"", receiver.key, *call.acts_for}

        def guard(stored: Columns) -> None:
            if stored["token_owner"] not in allowed:
                raise InvalidParameter(f"cdr_token: this session is not of a token of {receiver}")

        return guard

    async def check_passed_on(self, call: Call, match: Match, reader: Reader) -> None:
        """An eMSP passes on what is of its own tokens, to the one that acts for it (SESS-17)."""
        if call.method == "PUT":
            owner = read_token_owner(call.body).key
        else:
            owner = await self._find_token_owner(match, reader)
        if call.sender is None or owner != call.sender.key:
            raise UnknownObject(f"no such session of a token of {call.sender}")

    async def _find_token_owner(self, match: Match, reader: Reader) -> str:
        """By the stored session; "" where there is none."""
        assert match.owner is not None
        rows = await reader.fetch(_TOKEN_OWNER, (match.owner.key, match["session_id"].lower()))
        return str(rows[0][0]) if rows else ""

    def resolve(self, call: Call, match: Match) -> Resolved:
        if call.interface is Interface.RECEIVER and call.method == "PUT":
            return Resolved(read_token_owner(call.body))
        return NOTHING

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        """A PATCH goes to the token owner of the stored session, preferences to the CPO of the caller's (SESS-13)."""
        if call.interface is Interface.SENDER and call.path:
            return await find_session_owner(match["session_id"], scope=scope, reader=reader)
        if call.method != "PATCH" or match.owner is None:
            return NOTHING
        owner = await self._find_token_owner(match, reader)
        return Resolved(PartyId.of_key(owner)) if owner else NOTHING

    def merge(self, document: bytes, change: bytes) -> bytes:
        """New periods are appended (SESS-05), but not a second time when the same PATCH is sent again."""
        if _is_repeat(document, change):
            return document
        return patch.merge(document, change, append=v2_2_1.APPENDED)

    async def answer(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Reply:
        if not call.path and not read_query(call.query).get("date_from"):
            raise InvalidParameter("date_from: is required for sessions")  # SESS-02
        return await super().answer(call, match, scope, reader)


def _is_for_smart_charging(call: Call) -> bool:
    """A mere SCSP has no tokens: an agreement on sessions with one says that the CPO has delegated to it (SESS-07)."""
    return call.receiver_roles == {Role.SCSP}


class _Periods(msgspec.Struct):
    last_updated: str | None = None
    charging_periods: list[msgspec.Raw] | None = None


_periods = msgspec.json.Decoder(_Periods)


def _is_repeat(document: bytes, change: bytes) -> bool:
    """The same `last_updated`, and the document already ends with these periods."""
    try:
        stored, given = _periods.decode(document), _periods.decode(change)
    except (msgspec.DecodeError, RecursionError):  # not of this shape: merging says what is wrong
        return False
    if not given.charging_periods or stored.last_updated != given.last_updated:
        return False
    tail = (stored.charging_periods or [])[-len(given.charging_periods) :]
    return [bytes(raw) for raw in tail] == [bytes(raw) for raw in given.charging_periods]
