"""What a statement is made of, how amounts become lines and sums. Pure; the set-based close does the same in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from tariffs.pricing.policy import smallest_unit

ZERO = Decimal(0)


class Kind(StrEnum):
    CDR = "cdr"  # CPO to eMSP
    FEE = "fee"  # the hub to a party


class LineKind(StrEnum):
    REGULAR = "regular"
    LATE = "late"  # of an earlier period: it came late, or was held
    CORRECTION = "correction"  # it takes back, or replaces, a line of an earlier statement


class VatTreatment(StrEnum):
    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    OUTSIDE_SCOPE = "outside_scope"
    AS_STATED = "as_stated"  # between EU states without the buyer's VAT number


class FeeRule(StrEnum):
    SESSION = "per_session"
    KWH = "per_kwh"
    PERCENTAGE = "percentage"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One CDR's amounts as its CPO stated them."""

    currency: str
    net: Decimal
    gross: Decimal | None = None  # None: no VAT stated
    energy: Decimal = ZERO
    is_credit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """A line: rounded once, so gross = net + vat to the cent."""

    net: Decimal
    vat: Decimal
    stated_vat: Decimal  # what the CPO stated, charged or not

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True, kw_only=True)
class VatTotal:
    """One row of the VAT breakdown (EN 16931, BG-23)."""

    category: str
    rate: Decimal
    net: Decimal
    vat: Decimal


def round_amount(amount: Decimal, *, currency: str) -> Decimal:
    """To the currency's smallest unit, half away from zero, so that a credit is the mirror of its original."""
    return amount.quantize(smallest_unit(currency), rounding=ROUND_HALF_UP) + ZERO  # never -0.00: BR-CO-14 fails by it


def make_amounts(claim: Claim, *, charges_vat: bool) -> Amounts:
    """Net and gross are rounded, VAT is their difference. Without VAT on the statement, gross is net."""
    net = round_amount(claim.net, currency=claim.currency)
    gross = net if claim.gross is None else round_amount(claim.gross, currency=claim.currency)
    return Amounts(net=net, vat=gross - net if charges_vat else ZERO, stated_vat=gross - net)


def sum_up(lines: Iterable[Amounts]) -> Amounts:
    """Sums of what was rounded; nothing is rounded again."""
    net = vat = stated = ZERO
    for line in lines:
        net, vat, stated = net + line.net, vat + line.vat, stated + line.stated_vat
    return Amounts(net=net, vat=vat, stated_vat=stated)


def break_down(lines: Iterable[VatTotal]) -> list[VatTotal]:
    """By category and rate, in that order."""
    sums: dict[tuple[str, Decimal], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in lines:
        total = sums[line.category, line.rate]
        total[0] += line.net
        total[1] += line.vat
    return [VatTotal(category=key[0], rate=key[1], net=total[0], vat=total[1]) for key, total in sorted(sums.items())]
