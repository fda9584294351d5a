"""What is wrong with one CDR beside its session (CDR-18). Pure: facts in, faults out; no query, no clock, no setting.

`CHECKS` is the one list of faults with their words; the set-based statement in `classify.py` reads it too, and a test
holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from tariffs.pricing import Severity

FINAL_STATUSES = ("COMPLETED", "INVALID")  # nothing more is to come (SESS-08)


class Kind(StrEnum):
    ENERGY_DIFFERS = "energy_differs"
    COST_DIFFERS = "cost_differs"
    CURRENCY_DIFFERS = "currency_differs"
    TIME_DIFFERS = "time_differs"
    TOKEN_OWNER_DIFFERS = "token_owner_differs"
    SESSION_INVALID = "session_invalid"
    SESSION_BILLED_TWICE = "session_billed_twice"
    SESSION_ID_MISSING = "session_id_missing"
    CDR_WITHOUT_SESSION = "cdr_without_session"
    SESSION_WITHOUT_CDR = "session_without_cdr"
    UNDELIVERED_CDR = "undelivered_cdr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Differences up to these are none."""

    energy: Decimal = Decimal("0.001")  # kWh
    cost: Decimal = Decimal("0.01")  # in the CDR's currency
    time: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(seconds=300)  # how long a CDR waits for its session to arrive or to become final


@dataclass(frozen=True, slots=True)
class Check:
    kind: Kind
    severity: Severity
    path: str
    words: str  # {cdr}, {session}, {expected}, {actual}


CHECKS = (
    Check(
        Kind.ENERGY_DIFFERS,
        Severity.HOLD,
        "/total_energy",
        "CDR {cdr} bills {actual} kWh, session {session} delivered {expected} kWh.",
    ),
    Check(
        Kind.COST_DIFFERS,
        Severity.FLAG,
        "/total_cost/excl_vat",
        "CDR {cdr} bills {actual} excl. VAT, session {session} announced {expected}.",
    ),
    Check(
        Kind.CURRENCY_DIFFERS,
        Severity.HOLD,
        "/currency",
        "CDR {cdr} bills in {actual}, session {session} was in {expected}.",
    ),
    Check(
        Kind.TIME_DIFFERS,
        Severity.FLAG,
        "/start_date_time",
        "CDR {cdr} starts at {actual}, session {session} at {expected}.",
    ),
    Check(
        Kind.TIME_DIFFERS,
        Severity.FLAG,
        "/end_date_time",
        "CDR {cdr} ends at {actual}, session {session} at {expected}.",
    ),
    Check(
        Kind.TOKEN_OWNER_DIFFERS,
        Severity.HOLD,
        "/cdr_token",
        "CDR {cdr} bills {actual}, session {session} was charged with a token of {expected}.",
    ),
    Check(
        Kind.SESSION_INVALID,
        Severity.HOLD,
        "/session_id",
        "CDR {cdr} bills session {session}, which is {actual} and must not be billed.",
    ),
    Check(
        Kind.SESSION_BILLED_TWICE,
        Severity.HOLD,
        "/session_id",
        "CDR {actual} bills session {session} again: CDR {expected} billed it before and is not credited.",
    ),
    Check(
        Kind.SESSION_ID_MISSING,
        Severity.PASS,
        "/session_id",
        "CDR {cdr} names no session, so there is nothing to compare it with.",
    ),
    Check(
        Kind.CDR_WITHOUT_SESSION,
        Severity.HOLD,
        "/session_id",
        "CDR {cdr} bills session {expected}, which the hub has never received.",
    ),
    Check(
        Kind.SESSION_WITHOUT_CDR,
        Severity.HOLD,
        "/id",
        "Session {session} ended with {expected} kWh and was never billed: no CDR names it.",
    ),
    Check(
        Kind.UNDELIVERED_CDR,
        Severity.HOLD,
        "/id",
        "CDR {cdr} was sent and never accepted: the last answer of its receiver, or the hub's for it, is {actual}.",
    ),
)
CHECK_OF = {(check.kind, check.path): check for check in CHECKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrFacts:
    cdr_id: str
    token_owner: str
    session_key: str
    start_at: datetime | None
    end_at: datetime | None
    total_energy: Decimal | None
    total_cost: Decimal | None
    currency: str
    is_credit: bool = False
    is_credited: bool = False
    is_overdue: bool = False  # has waited longer than the grace
    verdict_code: int | None = None  # of its receiver; None: it was not sent, or no answer is known yet
    earlier_cdr_id: str | None = None  # the first uncredited CDR for the same session, where it came before this one


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    session_id: str
    token_owner: str
    status: str
    start_at: datetime | None
    end_at: datetime | None
    kwh: Decimal | None
    total_cost: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    kind: Kind
    severity: Severity
    path: str
    expected: str
    actual: str
    message: str


def compare(cdr: CdrFacts, session: SessionFacts | None, *, thresholds: Thresholds) -> tuple[Fault, ...]:
    """The faults of one CDR. A credit bills nothing, and what it took back is settled (CDR-06); sent they are all."""
    found = [*_delivery(cdr)]
    if not (cdr.is_credit or cdr.is_credited):
        found += [*_alone(cdr, session), *(_beside(cdr, session, thresholds) if session else ())]
    session_id = session.session_id if session else cdr.session_key
    return tuple(_fault(check, cdr.cdr_id, session_id, expected, actual) for check, expected, actual in found)


Found = tuple[Check, str, str]  # with expected and actual


def _delivery(cdr: CdrFacts) -> Iterator[Found]:
    if cdr.verdict_code is not None and not 1000 <= cdr.verdict_code < 2000:
        yield CHECK_OF[Kind.UNDELIVERED_CDR, "/id"], "1000", str(cdr.verdict_code)


def _alone(cdr: CdrFacts, session: SessionFacts | None) -> Iterator[Found]:
    if not cdr.session_key:
        yield CHECK_OF[Kind.SESSION_ID_MISSING, "/session_id"], "", ""
    elif session is None and cdr.is_overdue:
        yield CHECK_OF[Kind.CDR_WITHOUT_SESSION, "/session_id"], cdr.session_key, ""
    if cdr.earlier_cdr_id is not None:
        yield CHECK_OF[Kind.SESSION_BILLED_TWICE, "/session_id"], cdr.earlier_cdr_id, cdr.cdr_id


def _beside(cdr: CdrFacts, session: SessionFacts, thresholds: Thresholds) -> Iterator[Found]:
    if _differ(cdr.total_energy, session.kwh, thresholds.energy):
        yield CHECK_OF[Kind.ENERGY_DIFFERS, "/total_energy"], as_text(session.kwh), as_text(cdr.total_energy)
    if cdr.currency.upper() != session.currency.upper():
        yield CHECK_OF[Kind.CURRENCY_DIFFERS, "/currency"], session.currency, cdr.currency
    elif _differ(cdr.total_cost, session.total_cost, thresholds.cost):  # absent means no price, not zero (SESS-15)
        yield CHECK_OF[Kind.COST_DIFFERS, "/total_cost/excl_vat"], as_text(session.total_cost), as_text(cdr.total_cost)
    if cdr.token_owner != session.token_owner:
        yield CHECK_OF[Kind.TOKEN_OWNER_DIFFERS, "/cdr_token"], session.token_owner, cdr.token_owner
    if session.status == "INVALID":
        yield CHECK_OF[Kind.SESSION_INVALID, "/session_id"], "COMPLETED", session.status
    if _apart(cdr.start_at, session.start_at, thresholds.time):
        yield CHECK_OF[Kind.TIME_DIFFERS, "/start_date_time"], as_moment(session.start_at), as_moment(cdr.start_at)
    if _apart(cdr.end_at, session.end_at, thresholds.time):
        yield CHECK_OF[Kind.TIME_DIFFERS, "/end_date_time"], as_moment(session.end_at), as_moment(cdr.end_at)


def _fault(check: Check, cdr_id: str, session_id: str, expected: str, actual: str) -> Fault:
    message = check.words.format(cdr=cdr_id, session=session_id, expected=expected, actual=actual)
    return Fault(
        kind=check.kind,
        severity=check.severity,
        path=check.path,
        expected=expected,
        actual=actual,
        message=message,
    )


def _differ(billed: Decimal | None, known: Decimal | None, tolerance: Decimal) -> bool:
    return billed is not None and known is not None and abs(billed - known) > tolerance


def _apart(billed: datetime | None, known: datetime | None, tolerance: timedelta) -> bool:
    return billed is not None and known is not None and abs(billed - known) > tolerance


def as_text(amount: Decimal | None) -> str:
    """Without needless zeros: 12.345000 is "12.345", 100.000000 is "100"."""
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
