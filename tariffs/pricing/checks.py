"""What a CDR says of itself: times, volumes, credit. Each finding stands alone; none of it changes a price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from ocpi.times import SENTINEL
from tariffs.pricing.dialects import Dialect
from tariffs.pricing.findings import Findings
from tariffs.pricing.policy import Policy, smallest_unit
from tariffs.pricing.session import Period, Session, seconds_between
from tariffs.pricing.values import HOUR, HUNDRED, ZERO, Unreadable, read_number

_HOURS: Final = ("TIME", "PARKING_TIME", "RESERVATION_TIME")
_SUMMED: Final = ("ENERGY", "PARKING_TIME", "RESERVATION_TIME")


def check(cdr: Mapping[str, Any], session: Session, *, dialect: Dialect, policy: Policy, findings: Findings) -> None:
    _check_times(session, dialect, policy, findings)
    _check_volumes(cdr, session, policy, findings)
    _check_vat(session, policy, findings)
    if dialect.names_tariffs:
        _check_credit(cdr, session, findings)
    if dialect.has_taxes:
        _check_taxes(cdr, session, policy, findings)


def _check_times(session: Session, dialect: Dialect, policy: Policy, findings: Findings) -> None:
    for name, moment in (("start_date_time", session.start), (dialect.end_field, session.end)):
        if moment == SENTINEL:  # by agreement of both sides only (CDR-16)
            findings.add("placeholder_date", f"/{name}", "the moment is not known")
    if SENTINEL in (session.start, session.end):
        return
    if session.end is not None and session.end < session.start:
        findings.add("end_before_start", f"/{dialect.end_field}", "ends before it starts", actual=session.end)
    if session.periods[0].start != session.start:
        path = f"/charging_periods/{session.periods[0].index}/start_date_time"
        what = "the first period does not begin with the session"
        findings.add("first_period_not_at_session_start", path, what, expected=session.start)
    first, last = session.periods[0].start, session.periods[-1].start  # they are in order
    is_inside = session.start <= first and (session.end is None or last <= session.end)
    for period in session.periods:
        start, end = period.start, period.end
        if not is_inside and (start < session.start or (session.end is not None and start > session.end)):
            path = f"/charging_periods/{period.index}/start_date_time"
            findings.add("period_outside_session", path, "begins outside the session", actual=start)
        if end is None or end < start:
            continue
        if end == start:
            findings.add("period_zero_length", f"/charging_periods/{period.index}/start_date_time", "takes no time")
        _check_length(period, end - start, policy, findings)


def _check_length(period: Period, span: timedelta, policy: Policy, findings: Findings) -> None:
    volumes, hours = period.volumes, ZERO
    for name in _HOURS:
        if name in volumes:
            hours += volumes[name]
    if not hours:
        return
    seconds = span.days * 86_400 + span.seconds
    if (hours - policy.hours_tolerance) * HOUR > seconds:
        length = seconds / HOUR
        what = "more hours than the period lasts"
        path = f"/charging_periods/{period.index}/dimensions"
        findings.add("dimension_longer_than_period", path, what, expected=length, actual=hours)


def _check_volumes(cdr: Mapping[str, Any], session: Session, policy: Policy, findings: Findings) -> None:
    sums = _sum_up(session.periods)
    energy = _number(cdr, "total_energy", findings)
    if energy is not None and "ENERGY" in sums:
        _compare("total_energy", energy, sums["ENERGY"], policy.kwh_tolerance, findings)
    parking = _number(cdr, "total_parking_time", findings)
    if parking is not None:
        _compare("total_parking_time", parking, sums.get("PARKING_TIME", ZERO), policy.hours_tolerance, findings)
    elif sums.get("PARKING_TIME"):
        findings.add("total_parking_time_missing", "/total_parking_time", "there are hours of parking, but no total")
    total = _number(cdr, "total_time", findings)
    if total is None or session.end is None or SENTINEL in (session.start, session.end):
        return
    whole = seconds_between(session.start, session.end) / HOUR
    # Whether the reservation belongs to it is not said: both are fine.
    used = whole - sums.get("RESERVATION_TIME", ZERO)
    if abs(total - used) > policy.hours_tolerance:
        _compare("total_time", total, whole, policy.hours_tolerance, findings)


def _sum_up(periods: Iterable[Period]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for period in periods:
        volumes = period.volumes
        for name in _SUMMED:
            if name in volumes:
                sums[name] = sums.get(name, ZERO) + volumes[name]
    return sums


def _compare(name: str, actual: Decimal, expected: Decimal, tolerance: Decimal, findings: Findings) -> None:
    if abs(actual - expected) > tolerance:
        what = "differs from the charging periods" if name != "total_time" else "differs from the session's length"
        findings.add(f"{name}_mismatch", f"/{name}", what, expected=expected, actual=actual)


def _check_vat(session: Session, policy: Policy, findings: Findings) -> None:
    """No tariff is needed to know that the two amounts were swapped, say."""
    total = session.claimed.get("total_cost")
    if total is None or total.excl_vat is None or total.incl_vat is None:
        return
    vat = total.incl_vat - total.excl_vat
    if abs(vat) > policy.total * smallest_unit(session.currency) and vat * total.excl_vat <= 0:
        what = "its VAT has not the sign of its price: no invoice can be made of it, so its CPO has to take it back"
        findings.add("vat_against_sign", "/total_cost", what, actual=total)


def _check_credit(cdr: Mapping[str, Any], session: Session, findings: Findings) -> None:
    reference = cdr.get("credit_reference_id")
    if session.is_credit and not reference:
        findings.add("credit_reference_missing", "/credit_reference_id", "a credit names the CDR it credits")  # CDR-06
    if reference and not session.is_credit:
        findings.add("credit_flag_missing", "/credit", "names a credited CDR, but is no credit")
    if reference and str(reference).lower() == str(cdr.get("id", "")).lower():
        findings.add("credit_reference_self", "/credit_reference_id", "names itself")


def _check_taxes(cdr: Mapping[str, Any], session: Session, policy: Policy, findings: Findings) -> None:
    """Each tax that tells its rate: is it that much of the price before taxes?"""
    tolerance = policy.total * smallest_unit(session.currency)
    for name, claimed in session.claimed.items():
        if claimed.excl_vat is None:
            continue
        for index, tax in enumerate(cdr[name].get("taxes") or ()):
            path = f"/{name}/taxes/{index}"
            rate = _number(tax, "percentage", findings, path)
            if rate is None:
                continue
            expected, actual = claimed.excl_vat * rate / HUNDRED, read_number(tax["amount"])
            if abs(actual - expected) > tolerance:
                what = "is not its percentage of the price before taxes"
                findings.add("tax_percentage_inconsistent", f"{path}/amount", what, expected=expected, actual=actual)


def _number(cdr: Mapping[str, Any], name: str, findings: Findings, path: str = "") -> Decimal | None:
    value = cdr.get(name)
    if value is None:
        return None
    try:
        number = read_number(value)
    except Unreadable as e:
        findings.add(e.id, f"{path}/{name}", str(e))
        return None
    if isinstance(value, str):
        findings.add("field_type", f"{path}/{name}", "a number written as text")
    return number
