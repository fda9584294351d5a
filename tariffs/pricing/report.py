"""A result as JSON: for screens, APIs and disputes. Numbers as OCPI writes them, in four decimals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ocpi.times import format_datetime
from tariffs.pricing.result import Amount, Line, PricedPeriod, Result
from tariffs.pricing.values import CONTEXT

_WIRE = Decimal("0.0001")


def report(result: Result) -> dict[str, Any]:
    """Values that a JSON encoder knows; Decimal stays Decimal."""
    with localcontext(CONTEXT):
        return {
            "verdict": result.verdict.value,
            "engine_version": result.engine_version,
            "policy": result.policy,
            "time_zone": result.time_zone,
            "tariffs_used": list(result.tariffs_used),
            "computed": _plain(result.totals),
            "claimed": _plain(result.claimed),
            "differences": _plain(result.differences),
            "interpolated": _plain(result.interpolated),
            "alternative": _plain(result.alternative),
            "periods": [_period(period) for period in result.periods],
            "findings": [
                {
                    "id": finding.id,
                    "severity": finding.severity.value,
                    "path": finding.path,
                    "message": finding.message,
                    "expected": _plain(finding.expected),
                    "actual": _plain(finding.actual),
                }
                for finding in result.findings
            ],
        }


def _period(period: PricedPeriod) -> dict[str, Any]:
    return {
        "period": period.place,
        "start": _plain(period.start),
        "end": _plain(period.end),
        "tariff_id": period.tariff_id,
        "lines": [_line(line) for line in period.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {name: _plain(value) for name, value in line._asdict().items()} | {"vat_amount": _plain(line.vat_amount)}


def _plain(value: Any) -> Any:
    if isinstance(value, Amount):
        return {"excl_vat": _plain(value.excl_vat), "incl_vat": _plain(value.incl_vat)}
    if isinstance(value, Decimal):
        return value.quantize(_WIRE, ROUND_HALF_UP) if value.is_finite() and abs(value) < Decimal("1E+15") else None
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, datetime):
        return format_datetime(value)
    return str(value) if isinstance(value, timedelta) else value
