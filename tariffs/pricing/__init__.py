"""What a CDR should cost (TAR-06 … TAR-10). Plain Python: usable without the hub, and without Django."""

from __future__ import annotations

from tariffs.pricing.engine import price
from tariffs.pricing.policy import Policy
from tariffs.pricing.result import Amount, Finding, Line, PricedPeriod, Result, Severity, Verdict

__all__ = ["Amount", "Finding", "Line", "Policy", "PricedPeriod", "Result", "Severity", "Verdict", "price"]
