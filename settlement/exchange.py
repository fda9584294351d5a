"""The rates of the ECB to convert with: the last one on or before a day, never an old one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from settlement.conversion import Conversion, Quote, cross
from settlement.rates import ExchangeRate

EURO = "EUR"
OLDEST = timedelta(days=7)


class RateMissing(LookupError):
    """There is no rate young enough; the message says what to do."""


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
            "import the ECB's file with manage.py import_rates --file eurofxref-hist.csv; if the ECB quotes none, "
            "enter terms from the period's first day on without settlement currency and percentage"
        )
    return Quote(rate.rate, rate.date)
