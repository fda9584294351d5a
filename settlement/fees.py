"""The hub's fees for what one pair settled in one period. Pure: terms and sums in, charges out, each rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from settlement.conversion import Conversion
from settlement.statement import ZERO, FeeRule, round_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTerms:
    currency: str
    per_session: Decimal = ZERO
    per_kwh: Decimal = ZERO
    percentage: Decimal = ZERO
    minimum: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What was settled in one currency; credits are taken off everywhere, so a session taken back costs no fee."""

    currency: str
    sessions: int
    energy: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """quantity × unit price = net; of a percentage: quantity × exchange rate × unit price / 100."""

    rule: FeeRule
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    base_currency: str = ""
    exchange_rate: Decimal | None = None
    exchange_rate_on: date | None = None


def charge(terms: FeeTerms, activities: Iterable[Activity], *, conversions: Mapping[str, Conversion]) -> list[Charge]:
    """Per rule, and per currency of the CDRs where it is a percentage; then what is missing to the minimum."""
    known = list(activities)
    charges = [charge for charge in _by_use(terms, known, conversions) if charge.net]
    missing = terms.minimum - sum((charge.net for charge in charges), ZERO)
    if terms.minimum and missing > 0:
        charges.append(_times(FeeRule.MINIMUM, Decimal(1), unit="period", price=missing, currency=terms.currency))
    return charges


def get_currencies(terms: FeeTerms, activities: Iterable[Activity]) -> set[str]:
    """Those that `charge` needs a conversion from."""
    return {activity.currency for activity in activities} if terms.percentage else set()


def _by_use(terms: FeeTerms, activities: list[Activity], conversions: Mapping[str, Conversion]) -> Iterator[Charge]:
    sessions = Decimal(sum(activity.sessions for activity in activities))
    energy = sum((activity.energy for activity in activities), ZERO)
    yield _times(FeeRule.SESSION, sessions, unit="session", price=terms.per_session, currency=terms.currency)
    yield _times(FeeRule.KWH, energy, unit="kWh", price=terms.per_kwh, currency=terms.currency)
    if terms.percentage:
        for currency in sorted({activity.currency for activity in activities}):
            net = sum((activity.net for activity in activities if activity.currency == currency), ZERO)
            yield _share(terms, net, base_currency=currency, conversion=conversions[currency])


def _times(rule: FeeRule, quantity: Decimal, *, unit: str, price: Decimal, currency: str) -> Charge:
    net = round_amount(quantity * price, currency=currency)
    return Charge(rule=rule, quantity=quantity, unit=unit, unit_price=price, net=net)


def _share(terms: FeeTerms, net: Decimal, *, base_currency: str, conversion: Conversion) -> Charge:
    amount = net * conversion.rate * terms.percentage / 100
    is_foreign = base_currency != terms.currency
    return Charge(
        rule=FeeRule.PERCENTAGE,
        quantity=net,
        unit="%",
        unit_price=terms.percentage,
        net=round_amount(amount, currency=terms.currency),
        base_currency=base_currency,
        exchange_rate=conversion.rate if is_foreign else None,
        exchange_rate_on=conversion.on if is_foreign else None,
    )
