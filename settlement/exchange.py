"""From one currency to another by the rates of the ECB: the last one on or before a day, never an old one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from settlement.rates import ExchangeRate
from settlement.statement import round_amount

EURO = "EUR"
OLDEST = timedelta(days=7)
_PLACES = Decimal("1E-10")


class RateMissing(LookupError):
    """There is no rate young enough; the message says what to do."""


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


def find_conversion(origin: str, target: str, *, on: date) -> Conversion:
    """
    Raises:
        RateMissing: for one of the two there is none in the week up to that day.
    """
    if origin == target:
        return Conversion(currency=target, rate=Decimal(1), on=on)
    return cross(get_quote(origin, on=on), get_quote(target, on=on), currency=target)


def get_quote(currency: str, *, on: date) -> Quote:
    """
    Raises:
        RateMissing: there is none in the week up to that day.
    """
    if currency == EURO:
        return Quote(Decimal(1), on)
    rate = ExchangeRate.objects.filter(currency=currency, date__lte=on).order_by("-date").first()
    if rate is None or rate.date < on - OLDEST:
        latest = "none" if rate is None else f"the latest is of {rate.date}"
        raise RateMissing(
            f"no ECB rate of {currency} in the week up to {on} ({latest}): "
            "import the ECB's file with manage.py import_rates --file eurofxref-hist.csv"
        )
    return Quote(rate.rate, rate.date)
