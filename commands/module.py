"""The commands module (mod_commands). A command goes to one CPO, once; its result comes back on the response_url."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.conf import settings

from charging_sessions.owner import find_session_owner
from commands.models import Reservation
from commands.resolve import find_location_owner, find_reserved
from commands.wire import v2_2_1
from journal.reader import Reader
from journal.rows import Change, Columns, Mark
from journal.tables import table_of
from ocpi.calls import Call, Interface, PartyId, Reply, Role
from ocpi.errors import InvalidParameter
from ocpi.module import NOTHING, Match, Resolved, Route
from ocpi.raw import read_fields, read_text
from ocpi.times import parse_datetime
from parties.result_module import (
    GRACE,
    LONGEST_LIFE,
    ResultModule,
    check_id,
    read_answered_result,
    read_told_result,
)
from parties.routed_module import Scope

WITH_TOKEN = ("RESERVE_NOW", "START_SESSION")
REFUSED = frozenset({"NOT_SUPPORTED", "REJECTED", "UNKNOWN_SESSION"})  # CommandResponse
ENDED = frozenset(  # CommandResult: there is no reservation, or no longer. TIMEOUT proves nothing (CMD-18)
    {
        "CANCELED_RESERVATION",
        "EVSE_OCCUPIED",
        "EVSE_INOPERATIVE",
        "FAILED",
        "NOT_SUPPORTED",
        "REJECTED",
        "UNKNOWN_RESERVATION",
    }
)


class Commands(ResultModule):
    id = "commands"
    names_people = True
    owner_roles = frozenset({Role.EMSP, Role.NSP, Role.OTHER, Role.SCSP})  # who sends them
    routes = (
        *(
            Route(
                interface=Interface.RECEIVER,
                pattern=command,
                methods=("POST",),
                request=wire,
                answer=v2_2_1.CommandResponse,
            )
            for command, wire in v2_2_1.COMMANDS.items()
        ),
        Route(
            interface=Interface.RECEIVER,
            pattern="{command}",  # one that its receiver knows (CMD-16)
            methods=("POST",),
            answer=v2_2_1.CommandResponse,
        ),
    )

    def get_timeout(self, call: Call) -> float:
        return float(settings.HUB_COMMAND_TIMEOUT)

    def get_log_id(self, match: Match) -> str:
        return _get_command(match)

    def get_action(self, call: Call) -> str:
        """The command: an agreement may allow some and not others (CMD-15)."""
        return call.path[0].upper() if call.path else ""

    def has_result(self, call: Call, match: Match) -> bool:
        """What a command the specification does not know needs, its receiver knows (CMD-16)."""
        return _get_command(match) in v2_2_1.COMMANDS

    def read_push(self, call: Call, match: Match) -> None:
        fields = read_fields(call.body)
        _check_spelling(match)
        if _get_command(match) in WITH_TOKEN or _has_token(fields):
            _check_token_owner(fields, call.sender)

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        fields = read_fields(call.body)
        match _get_command(match):
            case "START_SESSION" | "RESERVE_NOW" | "UNLOCK_CONNECTOR":
                location = _read_id(fields, "location_id")
                return await find_location_owner(location, read_text(fields, "evse_uid"), scope=scope, reader=reader)
            case "STOP_SESSION":
                return await find_session_owner(_read_id(fields, "session_id"), scope=scope, reader=reader)
            case "CANCEL_RESERVATION":
                return await find_reserved(_read_id(fields, "reservation_id"), scope=scope, reader=reader)
        return NOTHING

    def get_result_deadline(self, call: Call, *, now: datetime) -> datetime:
        """The CPO may cancel a reservation as long as it holds (CMD-08)."""
        usual = super().get_result_deadline(call, now=now)
        expiry = _read_expiry(call.body)
        return usual if expiry is None else max(usual, min(expiry, now + LONGEST_LIFE) + GRACE)

    def get_request_changes(
        self, call: Call, match: Match, *, receiver: PartyId, token: str, now: datetime
    ) -> tuple[Change, ...]:
        if _get_command(match) != "RESERVE_NOW":
            return ()
        reservation_id = _read_id(read_fields(call.body), "reservation_id")
        assert call.sender is not None
        row = {
            "requester": call.sender.key,
            "reservation_key": reservation_id.lower(),
            "receiver": receiver.key,
            "asked_at": now,
            "expires_at": _read_expiry(call.body),
        }

        def apply(stored: Columns | None, base: Columns | None) -> Columns:
            return row

        return (Change(table=table_of(Reservation), key=(token,), apply=apply),)

    def get_answer_marks(self, call: Call, *, token: str, reply: Reply | None, now: datetime) -> tuple[Mark, ...]:
        if reply is not None and reply.is_success and read_answered_result(reply) not in REFUSED:
            return ()
        return _close(token, now=now)

    def get_result_marks(self, call: Call, *, token: str, now: datetime) -> tuple[Mark, ...]:
        return _close(token, now=now) if read_told_result(call.body) in ENDED else ()


def _get_command(match: Match) -> str:
    return match.get("command") or match.pattern


def _check_spelling(match: Match) -> None:
    """Receivers differ in what they take for START_SESSION; what the hub passes on as unknown, it has not checked."""
    given = match.get("command")
    meant = None if given is None else _BY_LETTERS.get(_get_letters(given))
    if meant is not None:
        raise InvalidParameter(f"command: is spelled {meant}")


def _get_letters(command: str) -> str:
    return re.sub(r"[\W_]", "", command.partition(";")[0]).upper()


_BY_LETTERS = {_get_letters(command): command for command in v2_2_1.COMMANDS}


def _close(token: str, *, now: datetime) -> tuple[Mark, ...]:
    """Of commands other than RESERVE_NOW there is no such row, and nothing happens."""
    return (Mark(table=table_of(Reservation), key=(token,), columns={"closed_at": now}),)


def _has_token(fields: Mapping[str, msgspec.Raw]) -> bool:
    """In a command that only its receiver knows, a text of this name may be anything; an object is a Token."""
    return bytes(fields.get("token", b"")).startswith(b"{")


def _check_token_owner(fields: Mapping[str, msgspec.Raw], sender: PartyId | None) -> None:
    """Everybody starts on its own tokens only (CMD-12). Whether a token is good is the CPO's and the eMSP's affair."""
    raw = fields.get("token")
    if raw is None or bytes(raw) == b"null":
        raise InvalidParameter("token: is missing")
    token = read_fields(bytes(raw))
    owner = PartyId(read_text(token, "country_code") or "", read_text(token, "party_id") or "")
    if not owner.is_well_formed:
        raise InvalidParameter("token.party_id: country_code and party_id are not those of a party")
    if owner != sender:
        raise InvalidParameter(f"token: is of {owner}, not of {sender}")


def _read_id(fields: Mapping[str, msgspec.Raw], name: str) -> str:
    return check_id(name, read_text(fields, name))


def _read_expiry(body: bytes) -> datetime | None:
    try:
        text = read_text(read_fields(body), "expiry_date")
        return None if text is None else parse_datetime(text)
    except (InvalidParameter, ValueError):  # its receiver judges
        return None
