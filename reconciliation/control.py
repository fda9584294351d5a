"""CDR control with what the hub knows around a CDR: its place, its token, its tariffs. Pure: facts in, a result out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cdrs.control import LINKS, Thresholds, control
from cdrs.control.rules import RULES
from ocpi import kept
from ocpi.errors import NotJson
from tariffs.pricing import Finding, Result, Severity, Verdict
from tariffs.pricing.findings import judge as get_verdict
from tariffs.pricing.tariff import OTHER_VERSION, BadTariff, Tariff, compile_tariff, find_differing

Document = dict[str, Any]
Found = tuple[str, str, str, Any]  # id, JSON pointer, message, actual


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`known_tariffs`: as the hub knew them when the session started. Missing is what its owner does tell the hub."""

    time_zone: str | None = None
    max_power: Decimal | None = None  # kW, of the connector
    known_tariffs: tuple[Document, ...] = ()
    is_location_missing: bool = False
    is_token_missing: bool = False


NOWHERE: Final = Surroundings()


def read_cdr(document: str) -> Document | None:
    """None: it is no JSON object, which a stored CDR should be."""
    try:
        cdr = kept.read_cdr(document)
    except NotJson:
        return None
    return cdr if isinstance(cdr, dict) else None


def judge(
    cdr: Document | None,
    around: Surroundings,
    *,
    received_at: datetime,
    version: str,
    thresholds: Thresholds,
    explain: bool = True,
) -> Result:
    """As it was when it came: a CDR that was late then is late for ever, and one that was in time is not."""
    if cdr is None:
        finding = Finding("field_format", Severity.REJECT, "", "it cannot be read")
        return Result(verdict=Verdict.REJECT, findings=(finding,), policy=thresholds.policy.name)
    result = control(
        cdr,
        now=received_at,
        time_zone=around.time_zone,
        max_power=around.max_power,
        tariffs=() if cdr.get("tariffs") else around.known_tariffs,
        version=version,
        thresholds=thresholds,
        explain=explain,
    )
    more = tuple(_find_more(cdr, around, version=version, severities=thresholds.policy.severities))
    if not more:
        return result
    findings = (*result.findings, *more)
    return replace(result, findings=findings, verdict=get_verdict(findings, priced=bool(result.totals)))


def _find_more(
    cdr: Document, around: Surroundings, *, version: str, severities: Mapping[str, Severity]
) -> Iterator[Finding]:
    for id, path, message, actual in _find_links(cdr, around, version):
        severity = severities.get(id) or LINKS.get(id) or RULES[id]
        yield Finding(id, severity, path, message, None, actual)


def _find_links(cdr: Document, around: Surroundings, version: str) -> Iterator[Found]:
    own = cdr.get("tariffs")
    if around.known_tariffs and isinstance(own, list):
        for index, id in find_differing(own, known=_compile(around.known_tariffs, version), version=version):
            yield "tariff_differs_from_known", f"/tariffs/{index}", OTHER_VERSION, id
    if around.is_location_missing:
        yield "location_unknown", "/cdr_location/id", "the hub does not know this location", None
    if around.is_token_missing:
        yield "token_unknown", "/cdr_token/uid", "the hub does not know this token", None


def _compile(documents: tuple[Document, ...], version: str) -> Iterator[Tariff]:
    for document in documents:
        try:
            yield compile_tariff(document, version=version)
        except BadTariff:
            continue
