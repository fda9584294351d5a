"""From one currency to another through the euro. Pure; where the rates come from: `exchange.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from settlement.statement import round_amount

_PLACES = Decimal("1E-10")


@dataclass(frozen=True, slots=True)
class Quote:
    """So much for one euro, on that day."""

    per_euro: Decimal
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """amount × rate = amount in `currency`. The rate is rounded first, so that what is printed gives the amount."""

    currency: str
    rate: Decimal
    on: date  # of the older one of the two quotes

    def convert(self, amount: Decimal) -> Decimal:
        return round_amount(amount * self.rate, currency=self.currency)


def cross(origin: Quote, target: Quote, *, currency: str) -> Conversion:
    rate = (target.per_euro / origin.per_euro).quantize(_PLACES, rounding=ROUND_HALF_UP)
    return Conversion(currency=currency, rate=rate, on=min(origin.on, target.on))
