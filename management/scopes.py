"""What a staff token may do. One scope per kind of thing and direction; nothing is implied by anything else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    PLATFORMS_READ = "platforms:read"
    PLATFORMS_WRITE = "platforms:write"
    AGREEMENTS_READ = "agreements:read"
    AGREEMENTS_WRITE = "agreements:write"
    TRAFFIC_READ = "traffic:read"
    TRAFFIC_WRITE = "traffic:write"
    FINDINGS_READ = "findings:read"
    FINDINGS_WRITE = "findings:write"
    METRICS_READ = "metrics:read"
    SETTLEMENT_READ = "settlement:read"
    SETTLEMENT_WRITE = "settlement:write"


EXPLAINED = {
    Scope.PLATFORMS_READ: "see platforms and parties",
    Scope.PLATFORMS_WRITE: "create partners, issue Token A, register, rotate, suspend, pull their lists",
    Scope.AGREEMENTS_READ: "see agreements",
    Scope.AGREEMENTS_WRITE: "enter, import and end agreements",
    Scope.TRAFFIC_READ: "see lanes, dead letters, pulls, alerts and the call log",
    Scope.TRAFFIC_WRITE: "retry lanes, resend and close dead letters",
    Scope.FINDINGS_READ: "see findings, the state of reconciliation and what CDRs should cost",
    Scope.FINDINGS_WRITE: "reconcile now, judge findings",
    Scope.METRICS_READ: "read /metrics",
    Scope.SETTLEMENT_READ: "see statements, terms, companies and rates",
    Scope.SETTLEMENT_WRITE: "enter terms, companies and VAT rates, close periods now",
}


def read_scopes(texts: Iterable[str], *, known: type[StrEnum] = Scope) -> list[str]:
    """Known ones, each once, in their order; "all" stands for every one.

    Raises:
        ValueError: one is unknown, or there is none.
    """
    scopes = [scope.value for scope in known]
    asked = {text.strip() for text in texts if text.strip()}
    if "all" in asked:
        return scopes
    unknown = asked - set(scopes)
    if unknown or not asked:
        raise ValueError(
            f"unknown or missing scopes: {', '.join(sorted(unknown)) or 'none given'} (known: {', '.join(scopes)}, all)"
        )
    return [scope for scope in scopes if scope in asked]
