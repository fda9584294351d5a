"""Reads from the database what an invoice of a statement says. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Q, Sum

from invoicing.compose import FeeGroup, SessionGroup
from invoicing.document import ZERO, Company, InvoiceError, VatCategory
from invoicing.models import Invoice
from ocpi.calls import PartyId
from settlement.models import Company as CompanyRow
from settlement.models import FeeLine, Line, Statement
from settlement.statement import FeeRule, LineKind

MOST_FEES: Final = 300  # lines; beyond that they are summed up by rule


def get_session_groups(statement: Statement) -> list[SessionGroup]:
    lines = Line.objects.filter(statement=statement)
    rows = (
        lines.values("kind", "vat_category", "vat_rate")
        .annotate(
            count=Count("id"),
            credits=Count("id", filter=Q(is_credit=True)),
            energy_sum=Sum("energy"),
            net_sum=Sum("net"),
            vat_sum=Sum("vat"),
        )
        .order_by("-kind", "vat_category", "-vat_rate")
    )
    return [
        SessionGroup(
            kind=LineKind(row["kind"]),
            category=VatCategory(row["vat_category"]),
            rate=row["vat_rate"].normalize() + ZERO,
            count=row["count"],
            sessions=_count_sessions(row["kind"], cdrs=row["count"] - row["credits"], credits=row["credits"]),
            energy=row["energy_sum"],
            net=row["net_sum"],
            vat=row["vat_sum"],
            corrects=_get_corrected(statement) if row["kind"] == LineKind.CORRECTION else (),
        )
        for row in rows
    ]


def _count_sessions(kind: str, *, cdrs: int, credits: int) -> int:
    """As the statement does, CDRs less credits; corrections are of as many as are taken back, or put right."""
    return max(cdrs, credits) if kind == LineKind.CORRECTION else cdrs - credits


def _get_corrected(statement: Statement) -> tuple[str, ...]:
    earlier = Line.objects.filter(statement=statement).exclude(corrects=None).values("corrects")
    numbers = Invoice.objects.standing().filter(statement__in=earlier).order_by("issued_at", "id")
    return tuple(numbers.values_list("number", flat=True))


def get_only_corrected(statement: Statement) -> Invoice | None:
    """The invoice that all of its corrections are of, if it is one."""
    earlier = Line.objects.filter(statement=statement).exclude(corrects=None).values("corrects")
    found = list(Invoice.objects.standing().filter(statement__in=earlier)[:2])
    return found[0] if len(found) == 1 else None


def get_fee_groups(statement: Statement) -> list[FeeGroup]:
    """One per line; if these are too many for a page, one per rule."""
    category, rate = _get_fee_vat(statement)
    fees = list(FeeLine.objects.filter(statement=statement).order_by("position", "id"))
    if len(fees) <= MOST_FEES:
        return [_make_fee_group([fee], category=category, rate=rate) for fee in fees]
    by_rule: dict[tuple[str, str], list[FeeLine]] = defaultdict(list)
    for fee in fees:
        by_rule[fee.rule, fee.base_currency].append(fee)
    return [_make_fee_group(same, category=category, rate=rate) for _, same in sorted(by_rule.items())]


def _make_fee_group(fees: list[FeeLine], *, category: VatCategory, rate: Decimal) -> FeeGroup:
    first, prices = fees[0], {fee.unit_price for fee in fees}
    pairs = {(fee.provider, fee.consumer) for fee in fees}
    return FeeGroup(
        rule=FeeRule(first.rule),
        unit=first.unit,
        quantity=sum((fee.quantity for fee in fees), ZERO),
        unit_price=first.unit_price if len(prices) == 1 else None,
        net=sum((fee.net for fee in fees), ZERO),
        pairs=len(pairs),
        parties=f"{PartyId.of_key(first.provider)} – {PartyId.of_key(first.consumer)}" if len(pairs) == 1 else "",
        base_currency=first.base_currency,
        category=category,
        rate=rate,
    )


def _get_fee_vat(statement: Statement) -> tuple[VatCategory, Decimal]:
    """The hub's own VAT: one category and rate for all of its fees."""
    (total,) = statement.vat_totals or [{"category": statement.vat_category, "rate": "0"}]
    return VatCategory(total["category"]), Decimal(total["rate"]).normalize() + ZERO


def get_company(party: str, *, snapshot: Mapping[str, Any]) -> tuple[Company, str]:
    """As it is now, so that what was wrong can be put right; else as it was when the statement was closed.

    And its language, if it chose one.

    Raises:
        InvoiceError: nobody has entered it.
    """
    known = PartyId.of_key(party)
    facts = CompanyRow.objects.filter(party=party).values().first() or snapshot
    if not facts or not facts.get("legal_name"):
        raise InvoiceError(f"{known} has no company: enter its name, address and VAT number under Companies")
    company = Company(
        name=facts["legal_name"],
        party=str(known),
        street=facts["street"],
        postcode=facts["postal_code"],
        city=facts["city"],
        country=facts["country"],
        vat_number=facts.get("vat_number", ""),
        registration=facts.get("registration_number", ""),
        email=facts.get("email", ""),
        iban=facts.get("iban", ""),
        bic=facts.get("bic", ""),
    )
    return company, facts.get("language", "")
