"""All rules for one CDR alone: form, times, bounds, price. Pure: `now` comes in, and nothing is stored or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cdrs.control.bounds import Bounds, check_bounds
from cdrs.control.rules import FORM
from cdrs.control.schema import check_schema
from tariffs.pricing import Finding, Policy, Result, price
from tariffs.pricing.findings import judge


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a hub or an agreement may set; what is None is not looked at."""

    bounds: Bounds = field(default_factory=Bounds)
    policy: Policy = field(default_factory=Policy)


def control(
    cdr: Any,
    *,
    now: datetime,
    time_zone: str | None,
    tariffs: Sequence[dict[str, Any]] = (),
    max_power: Decimal | None = None,
    version: str = "2.2.1",
    thresholds: Thresholds | None = None,
    explain: bool = True,
) -> Result:
    """The priced CDR with the findings of every rule. `max_power` (kW) is the connector's, where it is known.
    Without `explain` it has no lines.

    Raises:
        ValueError: CDRs of this version of OCPI are not known here.
    """
    thresholds = thresholds or Thresholds()
    policy = thresholds.policy
    priced = price(cdr, list(tariffs), version=version, time_zone=time_zone, policy=policy, explain=explain)
    found = [*check_schema(cdr, version=version)] if isinstance(cdr, Mapping) else []
    if isinstance(cdr, Mapping):
        found += check_bounds(cdr, now=now, max_power=max_power, bounds=thresholds.bounds, version=version)
    if not found:
        return priced
    known = {(finding.id, finding.path) for finding in priced.findings}
    more = [
        Finding(id, policy.severities.get(id) or FORM[id], path, message, expected, actual)
        for id, path, message, expected, actual in found
        if (id, path) not in known
    ]
    findings = (*more, *priced.findings)
    return replace(priced, findings=findings, verdict=judge(findings, priced=bool(priced.totals)))
