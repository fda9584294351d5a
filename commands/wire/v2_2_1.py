"""Wire types of the commands module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from typing import Annotated

from ocpi.fields import FieldError, OcpiObject, known
from ocpi.shared.v2_2_1 import URL, CiString36, DateTime, DisplayText, Id36, Int
from tokens.wire.v2_2_1 import Token

CommandResponseType = Annotated[str, known("ACCEPTED", "NOT_SUPPORTED", "REJECTED", "UNKNOWN_SESSION")]
CommandResultType = Annotated[
    str,
    known(
        *("ACCEPTED", "CANCELED_RESERVATION", "EVSE_OCCUPIED", "EVSE_INOPERATIVE", "FAILED", "NOT_SUPPORTED"),
        *("REJECTED", "TIMEOUT", "UNKNOWN_RESERVATION"),
    ),
]


class CancelReservation(OcpiObject, frozen=True, kw_only=True):
    response_url: URL
    reservation_id: Id36


class CommandResponse(OcpiObject, frozen=True, kw_only=True):
    """The CPO's answer at once; `timeout` is in seconds."""

    result: CommandResponseType
    timeout: Int
    message: list[DisplayText] | None = None


class CommandResult(OcpiObject, frozen=True, kw_only=True):
    """What became of the command: the bare body of the POST to `response_url` (CMD-07)."""

    result: CommandResultType
    message: list[DisplayText] | None = None


class ReserveNow(OcpiObject, frozen=True, kw_only=True):
    response_url: URL
    token: Token
    expiry_date: DateTime
    reservation_id: Id36
    location_id: Id36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(OcpiObject, frozen=True, kw_only=True):
    response_url: URL
    token: Token
    location_id: Id36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None

    def __post_init__(self) -> None:
        if self.connector_id is not None and self.evse_uid is None:
            raise FieldError("evse_uid", "is required where connector_id is given")  # CMD-11


class StopSession(OcpiObject, frozen=True, kw_only=True):
    response_url: URL
    session_id: Id36


class UnlockConnector(OcpiObject, frozen=True, kw_only=True):
    response_url: URL
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36


COMMANDS: dict[str, type[OcpiObject]] = {
    "CANCEL_RESERVATION": CancelReservation,
    "RESERVE_NOW": ReserveNow,
    "START_SESSION": StartSession,
    "STOP_SESSION": StopSession,
    "UNLOCK_CONNECTOR": UnlockConnector,
}
