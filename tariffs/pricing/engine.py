"""Prices a CDR with its tariffs and says whether what it claims is right. No clock, no I/O, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import localcontext
from typing import Any
from zoneinfo import ZoneInfo

from tariffs.pricing.checks import check
from tariffs.pricing.choose import choose, compile_all, get_zone
from tariffs.pricing.compare import compare
from tariffs.pricing.dialects import Dialect, get_dialect
from tariffs.pricing.findings import Findings, judge
from tariffs.pricing.interpolate import split
from tariffs.pricing.policy import DEFAULT, Policy
from tariffs.pricing.rate import Rating, rate
from tariffs.pricing.result import Amount, Line, PricedPeriod, Result
from tariffs.pricing.session import Session, read_session
from tariffs.pricing.steps import add_surpluses
from tariffs.pricing.tariff import OTHER_VERSION, Tariff, find_differing
from tariffs.pricing.totals import clamp, line_of, negate, sum_up
from tariffs.pricing.values import CONTEXT, HOUR


@dataclass(slots=True)
class _Priced:
    rating: Rating
    totals: dict[str, Amount]
    is_mixed: bool
    bound: str | None = None
    has_ambiguous_limits: bool = False


def price(
    cdr: Any,
    tariffs: list[dict[str, Any]],
    *,
    version: str,
    time_zone: str | None,
    policy: Policy = DEFAULT,
    explain: bool = True,
) -> Result:
    """What the CDR should cost, and what of it does not add up.

    A CDR is a dict; of anything else a finding says that it is none. Numbers may be int, Decimal, float or text.
    Without `tariffs` the CDR's own are used. `time_zone` is the location's: CDRs do not tell it. Without `explain` the
    result has no `periods`: for those who look at verdicts only.

    Raises:
        ValueError: prices of this version of OCPI are not known here.
    """
    dialect = get_dialect(version)
    findings = Findings(policy.severities)
    with localcontext(CONTEXT):
        return _price(
            cdr, tariffs, dialect=dialect, time_zone=time_zone, policy=policy, findings=findings, explain=explain
        )


def _price(
    cdr: Any,
    tariffs: Any,
    *,
    dialect: Dialect,
    time_zone: str | None,
    policy: Policy,
    findings: Findings,
    explain: bool,
) -> Result:
    session = read_session(cdr, dialect=dialect, findings=findings)
    if session is None:
        return Result(verdict=judge(findings.all(), priced=False), findings=findings.all(), policy=policy.name)
    check(cdr, session, dialect=dialect, policy=policy, findings=findings)
    documents = tariffs or _own_tariffs(cdr, findings)
    compiled = compile_all(documents, version=dialect.version, findings=findings)
    if tariffs:
        _compare_tariffs(cdr, compiled, dialect, findings)
    chosen = choose(session, compiled, findings=findings)
    zone = None if chosen is None else get_zone(session, chosen, given=time_zone, findings=findings)
    if chosen is None or findings.has("timezone_missing"):
        verdict = judge(findings.all(), priced=False)
        return Result(verdict=verdict, claimed=session.claimed, findings=findings.all(), policy=policy.name)
    priced = _compute(session, chosen, zone=zone)
    _explain(session, priced, findings)
    alternative = _decide_unknown(session, chosen, priced, zone, findings)
    interpolated = _interpolate(session, chosen, priced, zone, findings)
    differences = compare(
        session.claimed,
        priced.totals,
        is_credit=session.is_credit,
        is_clamped=priced.bound is not None,
        currency=session.currency,
        policy=policy,
        findings=findings,
    )
    found = findings.all()
    return Result(
        verdict=judge(found, priced=True),
        totals=priced.totals,
        claimed=session.claimed,
        differences=differences,
        findings=found,
        periods=_periods(session, chosen, priced) if explain else (),
        tariffs_used=tuple(dict.fromkeys(tariff.id for tariff in chosen if tariff is not None)),
        time_zone=zone.key if zone is not None else None,
        interpolated=interpolated,
        alternative=alternative,
        policy=policy.name,
    )


def _own_tariffs(cdr: Mapping[str, Any], findings: Findings) -> Sequence[Any]:
    own = cdr.get("tariffs")
    if own is not None and not isinstance(own, list):
        findings.add("field_format", "/tariffs", "tariffs are a list")
        return ()
    return own or ()


def _compare_tariffs(
    cdr: Mapping[str, Any], given: Sequence[Tariff | None], dialect: Dialect, findings: Findings
) -> None:
    """The CDR holds its tariffs as they were at the start (CDR-13): they should be those we were given."""
    own = cdr.get("tariffs")
    known = [tariff for tariff in given if tariff is not None]
    for index, id in find_differing(own if isinstance(own, list) else (), known=known, version=dialect.version):
        findings.add("tariff_differs_from_known", f"/tariffs/{index}", OTHER_VERSION, actual=id)


def _compute(
    session: Session, chosen: Sequence[Tariff | None], *, zone: ZoneInfo | None, assume: bool = True
) -> _Priced:
    rating = rate(session, chosen, zone=zone, assume=assume)
    is_mixed = add_surpluses(rating.uses)
    priced = _Priced(rating=rating, totals=sum_up(rating.uses), is_mixed=is_mixed)
    _limit(priced, {tariff for tariff in chosen if tariff is not None})
    if session.is_credit:  # only the total: all else is as in the original (CDR-07)
        priced.totals["total_cost"] = negate(priced.totals["total_cost"])
    return priced


def _limit(priced: _Priced, used: set[Tariff]) -> None:
    if len(used) == 1:
        priced.totals["total_cost"], priced.bound = clamp(priced.totals["total_cost"], next(iter(used)))
    else:
        priced.has_ambiguous_limits = any(tariff.min_price or tariff.max_price for tariff in used)


def _explain(session: Session, priced: _Priced, findings: Findings) -> None:
    if priced.has_ambiguous_limits:
        what = "limits of one tariff, but several were used: whose share they bind is not said"
        findings.add("min_max_price_ambiguous_multi_tariff", "/tariffs", what)
    if priced.bound is not None:
        what = f"{priced.bound}_price applies"
        findings.add(f"total_cost_clamped_to_{priced.bound}", "/total_cost", what, actual=priced.totals["total_cost"])
    if priced.is_mixed:
        findings.add("mixed_step_size", "/tariffs", "step_size across several tariffs: the last one's, for all of it")
    first = {dimension: period for period, dimension in reversed(priced.rating.unpriced)}
    for dimension, period in first.items():
        findings.add("dimension_unpriced", f"/charging_periods/{period.index}", f"{dimension} is free, here first")


def _decide_unknown(
    session: Session, chosen: Sequence[Tariff | None], priced: _Priced, zone: ZoneInfo | None, findings: Findings
) -> Amount | None:
    """Power or current that the CDR does not tell: unknown only matters where it changes what is billed."""
    if not priced.rating.guessed:
        return None
    other = _compute(session, chosen, zone=zone, assume=False)
    if _billed(priced) == _billed(other):
        return None
    for number in sorted(priced.rating.guessed):
        period = session.periods[number]
        average = None
        if period.end is not None and period.end > period.start and "ENERGY" in period.volumes:
            seconds = (period.end - period.start).total_seconds()
            average = period.volumes["ENERGY"] * HOUR / int(seconds) if seconds >= 1 else None
        hint = "" if average is None else f"; {average:.3f} kW on average"
        findings.add(
            "restriction_dimension_missing",
            f"/charging_periods/{period.index}/dimensions",
            f"the price depends on power or current, which are not told{hint}",
            expected={"if_it_holds": priced.totals["total_cost"], "if_not": other.totals["total_cost"]},
        )
    return other.totals["total_cost"]


def _billed(priced: _Priced) -> list[tuple[Any, ...]]:
    """What tells two ratings apart: the same prices out of different elements do not."""
    lines = [(use, line_of(use)) for use in priced.rating.uses]
    return [(use.period.index, use.dimension, line.price, line.vat, line.billed_quantity) for use, line in lines]


def _interpolate(
    session: Session, chosen: Sequence[Tariff | None], priced: _Priced, zone: ZoneInfo | None, findings: Findings
) -> Amount | None:
    rating = priced.rating
    interpolated = None
    if rating.spanning:
        parts, of_parts = split(session, chosen, spanning=frozenset(rating.spanning), zone=zone)
        interpolated = _compute(parts, of_parts, zone=zone).totals["total_cost"]
    for number in sorted({*rating.spanning, *rating.spanning_measured}):
        findings.add(
            "period_spans_price_change",
            f"/charging_periods/{session.periods[number].index}",
            "the price changes within this period: priced as it begins",
            expected=interpolated,
            actual=priced.totals["total_cost"],
        )
    return interpolated


def _periods(session: Session, chosen: Sequence[Tariff | None], priced: _Priced) -> tuple[PricedPeriod, ...]:
    lines: dict[int, list[Line]] = {}
    for use in priced.rating.uses:
        lines.setdefault(use.period.index, []).append(line_of(use))
    return tuple(
        [
            PricedPeriod(
                period.index,
                period.start,
                period.end,
                None if tariff is None else tariff.id,
                tuple(lines.get(period.index, ())),
            )
            for period, tariff in zip(session.periods, chosen, strict=True)
        ]
    )
