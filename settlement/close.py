"""Closes one pair's period: statements with their lines, the hub's fees, all in one transaction or nothing.

A CDR goes into the first period closed after it is ready: the one it belongs to, or a later one if it came late or was
held. Safe to run twice and by two workers: one lock per pair, one row per period, one line per CDR.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection, transaction

from ocpi.times import SENTINEL
from reconciliation.judged import get_judged_values
from settlement.collect import collect
from settlement.exchange import RateMissing, find_conversion
from settlement.fees import Activity, Charge, FeeTerms, charge, get_currencies
from settlement.models import Closing, Company, FeeLine, Statement, Terms
from settlement.periods import Period
from settlement.seal import seal
from settlement.vat import Trader, treat

COMPANY_FIELDS: Final = (
    "legal_name",
    "street",
    "postal_code",
    "city",
    "country",
    "vat_number",
    "registration_number",
    "email",
    "language",
    "iban",
    "bic",
)


class UnableToClose(ValueError):
    """Nothing was closed; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Side:
    """A party as a statement names it."""

    party: str
    company: dict[str, str]

    @property
    def trader(self) -> Trader:
        """Where nothing is entered, the country in the party's id."""
        country = self.company.get("country") or self.party[:2].upper()
        return Trader(country, self.company.get("vat_number", ""))


def close_period(*, provider: str, consumer: str, period: Period, terms: Terms, now: datetime) -> list[Statement]:
    """The closed statements; none if it was closed before, or if there is nothing to settle.

    Raises:
        UnableToClose: the period is not over, a later one is closed, or an exchange rate is missing.
    """
    if period.end > now:
        raise UnableToClose(f"the period ends on {period.last_day}: it is not over yet")
    with transaction.atomic():
        lock(f"pair {provider} {consumer}")
        closing = _open(provider, consumer, period=period, now=now)
        if closing is None:
            return []
        collect(_facts(closing, period=period, terms=terms, now=now))
        statements = list(closing.statements.order_by("country", "currency", "id"))
        try:
            for statement in statements:
                _finish(statement, period=period, terms=terms, now=now)
            _charge_fees(closing, statements, period=period, terms=terms)
        except RateMissing as e:
            raise UnableToClose(str(e)) from e
    return statements


def lock(name: str) -> None:
    """One worker at a time, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"settlement {name}"])


def get_side(party: str) -> Side:
    company = Company.objects.filter(party=party).first()
    return Side(party, {} if company is None else {name: getattr(company, name) for name in COMPANY_FIELDS})


def _open(provider: str, consumer: str, *, period: Period, now: datetime) -> Closing | None:
    closings = Closing.objects.filter(provider=provider, consumer=consumer)
    if closings.filter(period_end=period.end).exists():
        return None
    if closings.filter(period_end__gt=period.start).exists():
        raise UnableToClose(f"a period of this pair that ends after {period.first_day} is closed already")
    return Closing.objects.create(
        provider=provider, consumer=consumer, period_start=period.start, period_end=period.end, closed_at=now
    )


def _facts(closing: Closing, *, period: Period, terms: Terms, now: datetime) -> dict[str, Any]:
    """What every statement of the closing has in common."""
    seller, buyer = get_side(closing.provider), get_side(closing.consumer)
    treatment = treat(seller=seller.trader, buyer=buyer.trader)
    issued_on = now.astimezone(ZoneInfo(terms.time_zone)).date()
    return {
        **get_judged_values(now=now),
        "unknown": SENTINEL,
        "now": now,
        "closing": closing.pk,
        "seller": closing.provider,
        "buyer": closing.consumer,
        "start": period.start,
        "end": period.end,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "zone": terms.time_zone,
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(days=terms.payment_days),
        "treatment": treatment.kind.value,
        "category": treatment.category,
        "note": treatment.note,
        "seller_company": msgspec.json.encode(seller.company).decode(),
        "buyer_company": msgspec.json.encode(buyer.company).decode(),
    }


def _finish(statement: Statement, *, period: Period, terms: Terms, now: datetime) -> None:
    """Its name, what is due in the settlement currency, and the seal."""
    parties = f"{statement.seller}-{statement.buyer}".upper()
    statement.reference = f"{parties}-{statement.country or 'ZZ'}-{statement.currency}-{period.label}"
    currency = terms.settlement_currency
    if currency and currency != statement.currency:
        conversion = find_conversion(statement.currency, currency, on=period.last_day)
        statement.settlement_currency = currency
        statement.settlement_rate = conversion.rate
        statement.settlement_rate_on = conversion.on
        statement.settlement_gross = conversion.convert(statement.gross)
    statement.save(
        update_fields=[
            "reference",
            "settlement_currency",
            "settlement_rate",
            "settlement_rate_on",
            "settlement_gross",
        ]
    )
    seal(statement, now=now)


def _charge_fees(closing: Closing, statements: list[Statement], *, period: Period, terms: Terms) -> None:
    fee_terms = FeeTerms(
        currency=terms.fee_currency,
        per_session=terms.fee_per_session,
        per_kwh=terms.fee_per_kwh,
        percentage=terms.fee_percentage,
        minimum=terms.fee_minimum,
    )
    activities = [
        Activity(currency=one.currency, sessions=one.session_count, energy=one.energy, net=one.net)
        for one in statements
    ]
    conversions = {
        currency: find_conversion(currency, terms.fee_currency, on=period.last_day)
        for currency in get_currencies(fee_terms, activities)
    }
    charges = charge(fee_terms, activities, conversions=conversions)
    FeeLine.objects.bulk_create(
        _make_fee_line(closing, one, payer=payer, period=period, currency=terms.fee_currency)
        for payer in terms.payers
        for one in charges
    )


def _make_fee_line(closing: Closing, charge: Charge, *, payer: str, period: Period, currency: str) -> FeeLine:
    return FeeLine(
        closing=closing,
        payer=payer,
        provider=closing.provider,
        consumer=closing.consumer,
        first_day=period.first_day,
        last_day=period.last_day,
        rule=charge.rule.value,
        quantity=charge.quantity,
        unit=charge.unit,
        unit_price=charge.unit_price,
        base_currency=charge.base_currency,
        exchange_rate=charge.exchange_rate,
        exchange_rate_on=charge.exchange_rate_on,
        currency=currency,
        net=charge.net,
        gross=charge.net,
    )
