"""Bills the hub's fees: one statement per paying party, month and currency, of all its pairs' fee lines that wait.

Months are the hub's own. A line of a month that is billed already (a pair was closed late) goes into the next.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from settlement.close import Side, UnableToClose, get_side, lock
from settlement.models import FeeLine, Statement
from settlement.periods import Period, PeriodKind, get_periods
from settlement.rates import VatRate
from settlement.seal import seal
from settlement.statement import ZERO, Kind, VatTotal, break_down
from settlement.vat import STANDARD, ZERO_RATED, Treatment, charge_vat, treat


class _Vat(NamedTuple):
    treatment: Treatment
    category: str
    rate: Decimal


def close_fees(*, until: datetime, now: datetime) -> list[Statement]:
    """Of every month that ended at or before `until`.

    Raises:
        UnableToClose: the first payer that could not be billed; those before it are.
    """
    made = (
        close_fee_month(payer=payer, currency=currency, month=month, now=now)
        for payer, currency, month in get_due_months(until=until)
    )
    return [statement for statement in made if statement is not None]


def get_due_months(*, until: datetime) -> list[tuple[str, str, Period]]:
    """Payer, currency and month, in turn: of every month that ended at or before `until`, from the oldest line on."""
    waiting = FeeLine.objects.filter(statement=None).values("payer", "currency").annotate(oldest=Min("last_day"))
    return [
        (group["payer"], group["currency"], month)
        for group in waiting.order_by("payer", "currency")
        for month in _get_months(group["oldest"], until=until)
    ]


def close_fee_month(*, payer: str, currency: str, month: Period, now: datetime) -> Statement | None:
    """The closed statement; None if that month was billed before, or if nothing waits.

    Raises:
        UnableToClose: the VAT rate of the hub's country is not known.
    """
    with transaction.atomic():
        lock(f"fees {payer}")
        of_payer = Statement.objects.filter(kind=Kind.FEE, buyer=payer, currency=currency)
        if of_payer.filter(period_end=month.end).exists():
            return None
        waiting = FeeLine.objects.filter(statement=None, payer=payer, currency=currency, last_day__lte=month.last_day)
        lines = list(waiting.order_by("provider", "consumer", "last_day", "rule", "base_currency", "id"))
        return _make(lines, payer=payer, currency=currency, month=month, now=now) if lines else None


def _get_months(oldest: date, *, until: datetime) -> list[Period]:
    zone = settings.HUB_SETTLEMENT_TIME_ZONE
    noon = datetime.combine(oldest, time(12), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return list(get_periods(PeriodKind.CALENDAR_MONTH, zone=zone, since=noon, until=until))


def _make(lines: list[FeeLine], *, payer: str, currency: str, month: Period, now: datetime) -> Statement:
    hub, buyer = get_side(settings.HUB_PARTY.key), get_side(payer)
    vat = _get_vat(hub, buyer, on=month.last_day)
    for position, line in enumerate(lines, start=1):
        line.position = position
        line.vat = charge_vat(line.net, rate=vat.rate, currency=currency)
        line.gross = line.net + line.vat
    statement = Statement.objects.create(
        **_facts(hub, buyer, month=month, now=now),
        **_sums(lines, vat=vat),
        reference=f"{hub.party}-{payer}-FEES-{currency}-{month.label}".upper(),
        currency=currency,
    )
    for line in lines:
        line.statement = statement
    FeeLine.objects.bulk_update(lines, ["statement", "position", "vat", "gross"], batch_size=500)
    statement.refresh_from_db()
    seal(statement, now=now)
    return statement


def _facts(hub: Side, buyer: Side, *, month: Period, now: datetime) -> dict[str, Any]:
    zone = settings.HUB_SETTLEMENT_TIME_ZONE
    issued_on = now.astimezone(ZoneInfo(zone)).date()
    return {
        "kind": Kind.FEE,
        "seller": hub.party,
        "buyer": buyer.party,
        "period_start": month.start,
        "period_end": month.end,
        "first_day": month.first_day,
        "last_day": month.last_day,
        "time_zone": zone,
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(days=settings.HUB_PAYMENT_DAYS),
        "seller_company": hub.company,
        "buyer_company": buyer.company,
    }


def _sums(lines: list[FeeLine], *, vat: _Vat) -> dict[str, Any]:
    net, charged = sum((line.net for line in lines), ZERO), sum((line.vat for line in lines), ZERO)
    total = VatTotal(category=vat.category, rate=vat.rate, net=net, vat=charged)
    return {
        "line_count": len(lines),
        "net": net,
        "vat": charged,
        "gross": net + charged,
        "stated_vat": charged,
        "vat_treatment": vat.treatment.kind,
        "vat_category": vat.category,
        "vat_note": vat.treatment.note if vat.treatment.category else "",
        "vat_totals": [{name: _text(value) for name, value in asdict(one).items()} for one in break_down([total])],
    }


def _text(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _get_vat(hub: Side, buyer: Side, *, on: date) -> _Vat:
    """Services of the hub: its country's standard rate, unless the recipient accounts for it."""
    treatment = treat(seller=hub.trader, buyer=buyer.trader)
    if not treatment.charges_vat:
        return _Vat(treatment, treatment.category, ZERO)
    rate = VatRate.get_in_force(hub.trader.country, on=on)
    if rate is None:
        raise UnableToClose(f"no VAT rate of {hub.trader.country} on {on}: enter one under VAT rates")
    return _Vat(treatment, STANDARD if rate.rate else ZERO_RATED, rate.rate)
