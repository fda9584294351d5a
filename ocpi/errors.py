"""One class per refusal a peer can see: it knows its HTTP status and its OCPI code (conformance table E1-E12)."""

from __future__ import annotations

from ocpi.calls import PartyId


class OcpiError(Exception):
    """A refusal that is told to the caller. Raised where it is found, turned into an answer in one place."""

    http_status = 200
    status_code = 2000
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAuthorized(OcpiError):
    """E1: no token, an unknown one, or Token A outside versions and credentials."""

    http_status, status_code = 401, 2000
    headers = (("WWW-Authenticate", "Token"),)


class NotYourParty(OcpiError):
    """E2: the FROM party is none of this platform's."""

    http_status, status_code = 403, 2001


class NotJson(OcpiError):
    """E3."""

    http_status, status_code = 400, 2001


class TooLarge(OcpiError):
    """The body is over the hub's limit."""

    http_status, status_code = 413, 2001


class TooSlow(OcpiError):
    """The body did not come in time; what else of it comes is not read, so the connection ends."""

    http_status, status_code = 408, 2001
    headers = (("connection", "close"),)


class InvalidParameter(OcpiError):
    """E4: a field, parameter or header is missing or wrong; the message names it."""

    status_code = 2001


class NotEnoughInformation(OcpiError):
    """E5."""

    status_code = 2002


class UnknownObject(OcpiError):
    """E6: not there, or not for this caller."""

    http_status, status_code = 404, 2001


class UnknownLocation(OcpiError):
    """E6 below a location the hub does not hold (LOC-05)."""

    http_status, status_code = 404, 2003


class UnknownToken(OcpiError):
    """E7."""

    http_status, status_code = 404, 2004


class MethodNotAllowed(OcpiError):
    """E8."""

    http_status, status_code = 405, 2000

    def __init__(self, message: str, *, allow: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.headers = (("Allow", ", ".join(allow)),)


class ServerError(OcpiError):
    """E9: the hub could not do it; nothing was promised."""

    status_code = 3000


class Overloaded(ServerError):
    """E9 before any work was done: come back later."""

    http_status = 503
    headers = (("Retry-After", "1"),)


class TooManyCalls(OcpiError):
    """This caller alone asks more than it may; the OCPI layer never ran (E9)."""

    http_status, status_code = 429, 2000

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(f"{message}: try again in {seconds} s")
        self.headers = (("Retry-After", str(seconds)),)


class UnableToUseClientApi(OcpiError):
    """E10: calling back the peer during registration failed."""

    status_code = 3001


class UnsupportedVersion(OcpiError):
    status_code = 3002


class NoMatchingEndpoints(OcpiError):
    status_code = 3003


class HubError(OcpiError):
    """E11: the hub cannot route it for another reason (ROUTE-18)."""

    status_code = 4000


class UnknownReceiver(OcpiError):
    """ROUTE-15."""

    status_code = 4001

    def __init__(self, receiver: PartyId | str) -> None:
        super().__init__(f"unknown receiver: {receiver}")


class ForwardTimeout(OcpiError):
    """ROUTE-16."""

    status_code = 4002


class ReceiverNotConnected(OcpiError):
    """ROUTE-17, ROUTE-22."""

    status_code = 4003
