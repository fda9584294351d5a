"""What is wrong with one CDR beside its session and beside other CDRs (CDR-18). Pure: facts in, faults out; no query,
no clock, no setting. The statement in `classify.py` finds the same in sets; a test holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from parties.display import show_number
from reconciliation.checks import CHECK_OF, Check, Kind
from tariffs.pricing import Severity

FINAL_STATUSES = ("COMPLETED", "INVALID")  # nothing more is to come (SESS-08)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Differences up to these are none."""

    energy: Decimal = Decimal("0.001")  # kWh
    cost: Decimal = Decimal("0.01")  # in the CDR's currency
    time: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(seconds=300)  # how long a CDR waits for its session to arrive or to become final


@dataclass(frozen=True, slots=True)
class Total:
    excl_vat: Decimal | None
    incl_vat: Decimal | None
    currency: str

    @property
    def mirror(self) -> Total:
        return Total(_negate(self.excl_vat), _negate(self.incl_vat), self.currency)

    def is_mirror_of(self, other: Total) -> bool:
        """To the last digit (CDR-06)."""
        mirror = other.mirror
        is_same = (self.excl_vat, self.incl_vat) == (mirror.excl_vat, mirror.incl_vat)
        return self.excl_vat is not None and is_same and self.currency.upper() == mirror.currency.upper()

    def show(self, amount: Decimal | None) -> str:
        return "no amount" if amount is None else f"{show_number(amount)} {self.currency}"


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
    total_cost_incl: Decimal | None = None
    is_credit: bool = False
    is_credited: bool = False  # by its mirror
    is_overdue: bool = False  # has waited longer than the grace
    verdict_code: int | None = None  # of its receiver; None: it was not sent, or no answer is known yet
    received_at: datetime | None = None
    due_at: datetime | None = None  # by the clock of its CPO
    # Each the first that came before this one, is no credit and is not credited:
    earlier_cdr_id: str | None = None  # for the same session
    same_charge_cdr_id: str | None = None  # for another session or none: same EVSE, token, start and perhaps energy
    overlapping_cdr_id: str | None = None  # for neither: on the same EVSE at the same time
    # Of a credit:
    reference_key: str = ""
    original: Total | None = None  # of the CDR that it takes back
    original_token_owner: str = ""
    credited_credit_id: str | None = None  # it takes back no CDR, but another credit
    earlier_credit_id: str | None = None  # that took back the same, as its mirror


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
    received_at: datetime | None = None


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
    found = [*_delivery(cdr), *(_credit(cdr) if cdr.is_credit else ())]
    if not (cdr.is_credit or cdr.is_credited):
        found += [*_alone(cdr, session), *(_beside(cdr, session, thresholds) if session else ())]
    session_id = session.session_id if session else cdr.session_key
    return tuple(_fault(check, cdr.cdr_id, session_id, expected, actual) for check, expected, actual in found)


Found = tuple[Check, str, str]  # with expected and actual


def _delivery(cdr: CdrFacts) -> Iterator[Found]:
    if cdr.verdict_code is not None and not 1000 <= cdr.verdict_code < 2000:
        yield CHECK_OF[Kind.UNDELIVERED_CDR, "/id"], "1000", str(cdr.verdict_code)


def _credit(cdr: CdrFacts) -> Iterator[Found]:
    """All its data are copied but the amounts of `total_cost`, which are negated (CDR-06)."""
    if cdr.credited_credit_id is not None:
        yield CHECK_OF[Kind.CREDIT_OF_CREDIT, "/credit_reference_id"], cdr.credited_credit_id, ""
    elif cdr.original is None:
        if cdr.is_overdue:
            yield CHECK_OF[Kind.CREDIT_REFERENCE_UNKNOWN, "/credit_reference_id"], cdr.reference_key, ""
    else:
        yield from _mirror(Total(cdr.total_cost, cdr.total_cost_incl, cdr.currency), cdr.original.mirror)
        if cdr.token_owner != cdr.original_token_owner:
            check = CHECK_OF[Kind.CREDIT_TOKEN_OWNER_DIFFERS, "/cdr_token"]
            yield check, cdr.original_token_owner, cdr.token_owner
    if cdr.earlier_credit_id is not None:
        yield CHECK_OF[Kind.CREDITED_TWICE, "/credit_reference_id"], cdr.earlier_credit_id, cdr.cdr_id


def _mirror(told: Total, mirror: Total) -> Iterator[Found]:
    is_known = told.excl_vat is not None and mirror.excl_vat is not None
    if is_known and (told.excl_vat != mirror.excl_vat or told.currency.upper() != mirror.currency.upper()):
        check = CHECK_OF[Kind.CREDIT_TOTAL_NOT_MIRROR, "/total_cost/excl_vat"]
        yield check, mirror.show(mirror.excl_vat), told.show(told.excl_vat)
    if told.incl_vat != mirror.incl_vat:
        check = CHECK_OF[Kind.CREDIT_TOTAL_NOT_MIRROR, "/total_cost/incl_vat"]
        yield check, mirror.show(mirror.incl_vat), told.show(told.incl_vat)


def _alone(cdr: CdrFacts, session: SessionFacts | None) -> Iterator[Found]:
    if not cdr.session_key:
        yield CHECK_OF[Kind.SESSION_ID_MISSING, "/session_id"], "", ""
    elif session is None and cdr.is_overdue:
        yield CHECK_OF[Kind.CDR_WITHOUT_SESSION, "/session_id"], cdr.session_key, ""
    if cdr.earlier_cdr_id is not None:
        yield CHECK_OF[Kind.SESSION_BILLED_TWICE, "/session_id"], cdr.earlier_cdr_id, cdr.cdr_id
    if cdr.same_charge_cdr_id is not None:
        yield CHECK_OF[Kind.CHARGE_BILLED_TWICE, "/id"], cdr.same_charge_cdr_id, cdr.cdr_id
    if cdr.overlapping_cdr_id is not None:
        yield CHECK_OF[Kind.OVERLAPS_OTHER_CDR, "/cdr_location/evse_uid"], cdr.overlapping_cdr_id, cdr.cdr_id


def _beside(cdr: CdrFacts, session: SessionFacts, thresholds: Thresholds) -> Iterator[Found]:
    if _differ(cdr.total_energy, session.kwh, thresholds.energy):
        yield CHECK_OF[Kind.ENERGY_DIFFERS, "/total_energy"], show_number(session.kwh), show_number(cdr.total_energy)
    if cdr.currency.upper() != session.currency.upper():
        yield CHECK_OF[Kind.CURRENCY_DIFFERS, "/currency"], session.currency, cdr.currency
    elif _differ(cdr.total_cost, session.total_cost, thresholds.cost):  # absent means no price, not zero (SESS-15)
        check = CHECK_OF[Kind.COST_DIFFERS, "/total_cost/excl_vat"]
        yield check, show_number(session.total_cost), show_number(cdr.total_cost)
    if cdr.token_owner != session.token_owner:
        yield CHECK_OF[Kind.TOKEN_OWNER_DIFFERS, "/cdr_token"], session.token_owner, cdr.token_owner
    if session.status == "INVALID":
        yield CHECK_OF[Kind.SESSION_INVALID, "/session_id"], "COMPLETED", session.status
    if _apart(cdr.start_at, session.start_at, thresholds.time):
        yield CHECK_OF[Kind.TIME_DIFFERS, "/start_date_time"], as_moment(session.start_at), as_moment(cdr.start_at)
    if _apart(cdr.end_at, session.end_at, thresholds.time):
        yield CHECK_OF[Kind.TIME_DIFFERS, "/end_date_time"], as_moment(session.end_at), as_moment(cdr.end_at)
    if _is_late(cdr, session):
        yield CHECK_OF[Kind.CDR_LATE, "/end_date_time"], as_moment(cdr.due_at), as_moment(cdr.received_at)


def _is_late(cdr: CdrFacts, session: SessionFacts) -> bool:
    """What was read in long afterwards, session and CDR alike, says nothing of the CPO's promptness."""
    if cdr.due_at is None or cdr.received_at is None or session.received_at is None:
        return False
    return session.received_at <= cdr.due_at < cdr.received_at


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


def _negate(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def as_moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
