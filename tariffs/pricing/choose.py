"""Which tariff each period is under: the one it names, or the only one, or the first that is valid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tariffs.pricing.findings import Findings
from tariffs.pricing.rate import MOST_TESTS
from tariffs.pricing.session import Session
from tariffs.pricing.tariff import BadTariff, Tariff, compile_tariff
from tariffs.pricing.zones import find_zone, infer_zone


def compile_all(documents: Sequence[Any], *, version: str, findings: Findings) -> list[Tariff | None]:
    """None for those that cannot be read; the findings say why."""
    compiled: list[Tariff | None] = []
    for index, document in enumerate(documents):
        path = f"/tariffs/{index}"
        try:
            tariff = compile_tariff(document, version=version)
        except BadTariff as e:
            findings.add(e.problem.id, path + e.problem.path, e.problem.message)
            compiled.append(None)
            continue
        for problem in tariff.problems:
            findings.add(problem.id, path + problem.path, problem.message)
        compiled.append(tariff)
    return compiled


def choose(session: Session, tariffs: Sequence[Tariff | None], *, findings: Findings) -> list[Tariff | None] | None:
    """A tariff for each period, None for a period that is under none; nothing at all where that cannot be told."""
    if not tariffs:
        if any(period.tariff_id for period in session.periods):
            findings.add("tariff_id_unknown", "/tariffs", "the periods name a tariff, but there is none")
        else:
            findings.add("no_tariff", "/tariffs", "there is no tariff to price with")
        return None
    if not all(tariffs):
        return None  # said already: it cannot be read
    readable = [tariff for tariff in tariffs if tariff is not None]
    if any(period.tariff_id for period in session.periods):
        chosen = _named(session, readable, findings)
    else:
        chosen = _unnamed(session, readable, findings)
    if chosen is None or not _has_one_currency(session, readable, chosen, findings):
        return None
    if sum(tariff.size for tariff in chosen if tariff is not None) > MOST_TESTS:
        findings.add("too_long_to_price", "/charging_periods", "too many periods for tariffs with so many elements")
        return None
    _check_use(session, readable, chosen, findings)
    return chosen


def get_zone(
    session: Session, chosen: Sequence[Tariff | None], *, given: str | None, findings: Findings
) -> ZoneInfo | None:
    """None where none is needed, or where one is needed and cannot be had (timezone_missing)."""
    is_needed = any(tariff is not None and tariff.uses_local_time for tariff in chosen)
    name = given or session.time_zone
    zone = find_zone(name)
    if zone is not None:
        return zone
    if name:
        findings.add("timezone_invalid", "", "there is no such time zone", actual=name)
    if not is_needed:
        return None
    inferred = infer_zone(session.country)
    if inferred is None:
        findings.add("timezone_missing", "", "the tariff has local times, and nobody says in which zone")
        return None
    what = "no zone was given: taken from the country"
    findings.add("timezone_inferred", "/cdr_location/country", what, actual=inferred.key)
    return inferred


def _named(session: Session, tariffs: Sequence[Tariff], findings: Findings) -> list[Tariff | None] | None:
    by_key: dict[str, list[Tariff]] = {}
    for tariff in tariffs:
        by_key.setdefault(tariff.key, []).append(tariff)
    if len({period.tariff_id for period in session.periods}) == 1:  # nearly always
        only = by_key.get((session.periods[0].tariff_id or "").lower(), [])
        if len(only) == 1:
            return [only[0]] * len(session.periods)
    chosen: list[Tariff | None] = []
    is_clear = True
    for period in session.periods:
        found = by_key.get(period.tariff_id.lower(), []) if period.tariff_id else []
        if len(found) == 1:
            chosen.append(found[0])
            continue
        path = f"/charging_periods/{period.index}/tariff_id"
        if period.tariff_id is None:
            findings.add("period_without_tariff", path, "names no tariff: costs nothing")
            chosen.append(None)
            continue
        is_clear = False
        if found:
            findings.add("duplicate_tariff_id", path, "several tariffs have this id", actual=period.tariff_id)
        else:
            findings.add("tariff_id_unknown", path, "no tariff has this id", actual=period.tariff_id)
    return chosen if is_clear else None


def _unnamed(session: Session, tariffs: Sequence[Tariff], findings: Findings) -> list[Tariff | None] | None:
    if len({tariff.key for tariff in tariffs}) < len(tariffs):
        findings.add("duplicate_tariff_id", "/tariffs", "several tariffs have one id")
        return None
    tariff = next((one for one in tariffs if one.is_active(session.start)), tariffs[0])
    if len(tariffs) > 1:
        what = "no period names its tariff: the first that was valid at the start is taken"
        findings.add("multiple_tariffs_no_tariff_id", "/tariffs", what, actual=tariff.id)
    elif session.names_tariffs:
        what = "no period names its tariff: the only one is taken"
        findings.add("period_without_tariff", "/charging_periods", what, actual=tariff.id)
    return [tariff] * len(session.periods)


def _has_one_currency(
    session: Session, tariffs: Sequence[Tariff], chosen: Sequence[Tariff | None], findings: Findings
) -> bool:
    is_one, used = True, set(chosen)
    for index, tariff in enumerate(tariffs):
        if tariff in used and tariff.currency.upper() != session.currency.upper():
            what = "the tariff's currency is not the CDR's"
            path = f"/tariffs/{index}/currency"
            findings.add("currency_mismatch", path, what, expected=session.currency, actual=tariff.currency)
            is_one = False
    return is_one


def _check_use(
    session: Session, tariffs: Sequence[Tariff], chosen: Sequence[Tariff | None], findings: Findings
) -> None:
    used = set(chosen)
    for index, tariff in enumerate(tariffs):
        if tariff not in used:
            findings.add("unused_tariff", f"/tariffs/{index}", "no period is under it", actual=tariff.id)
        elif not tariff.is_active(session.start):
            what = "not valid when the session started"
            findings.add("tariff_not_active", f"/tariffs/{index}", what, actual=tariff.id)
