"""Which VAT a statement carries, and whether the VAT that a CDR states can be right. Pure.

Electricity for charging goes to a dealer, so it is taxed where the dealer is established (Directive 2006/112/EC,
Article 38), as the hub's services are (Article 44). Between two EU states the recipient accounts for it (Articles 194
to 196): category AE of EN 16931. Where one of the two is outside the EU, nothing is charged: category O. Not G: that is
for goods that leave the EU, and what was charged into a car there has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from settlement.statement import ZERO, Claim, VatTreatment, round_amount
from tariffs.pricing.policy import smallest_unit

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
_TAXED_WITH = {"MC": "FR", "IM": "GB", "EL": "GR"}
_HIGHEST = Decimal(999)
HUNDRED = Decimal(100)

STANDARD, ZERO_RATED, EXEMPT, REVERSE, OUTSIDE = "S", "Z", "E", "AE", "O"

CATEGORIES = {  # as people call them
    STANDARD: "standard rate",
    ZERO_RATED: "zero rated",
    EXEMPT: "exempt",
    REVERSE: "reverse charge",
    OUTSIDE: "outside the scope of VAT",
}

REVERSE_NOTE = "Reverse charge: the recipient accounts for the VAT (Articles 194 to 196 of Directive 2006/112/EC)."
OUTSIDE_NOTE = "Outside the scope of VAT: the place of supply is where the recipient is established ({buyer})."
IMPORT_NOTE = "No VAT is charged from {seller}: the recipient accounts for it in {buyer}."
NO_NUMBER_NOTE = "The recipient's VAT number is not known: VAT is charged as the supplier stated it."


@dataclass(frozen=True, slots=True)
class Trader:
    country: str  # alpha-2
    vat_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    kind: VatTreatment
    category: str = ""  # of all lines; "" where each line has its own
    note: str = ""

    @property
    def charges_vat(self) -> bool:
        return not self.category


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVat:
    category: str
    rate: Decimal
    is_plausible: bool


def treat(*, seller: Trader, buyer: Trader) -> Treatment:
    """By where the two are established, not by where the charging took place."""
    origin, destination = _territory(seller), _territory(buyer)
    if origin == destination:
        return Treatment(kind=VatTreatment.DOMESTIC)
    if origin in EU and destination in EU:
        if buyer.vat_number:
            return Treatment(kind=VatTreatment.REVERSE_CHARGE, category=REVERSE, note=REVERSE_NOTE)
        return Treatment(kind=VatTreatment.AS_STATED, note=NO_NUMBER_NOTE)
    note = IMPORT_NOTE if destination in EU else OUTSIDE_NOTE
    return Treatment(
        kind=VatTreatment.OUTSIDE_SCOPE, category=OUTSIDE, note=note.format(seller=seller.country, buyer=buyer.country)
    )


def judge_line(claim: Claim, *, treatment: Treatment, standard: Decimal | None) -> LineVat:
    """Category and rate of one line. `standard`: the rate of the location's country that day; None: not known."""
    if claim.gross is None:
        return LineVat(category=treatment.category or EXEMPT, rate=ZERO, is_plausible=True)
    fits = standard is None or _fits(claim.net, claim.gross, rate=standard, currency=claim.currency)
    if treatment.category:
        return LineVat(category=treatment.category, rate=ZERO, is_plausible=fits)
    rate = standard if standard is not None and fits else _guess_rate(claim.net, claim.gross)
    return LineVat(category=STANDARD if rate else ZERO_RATED, rate=rate, is_plausible=fits)


def charge_vat(net: Decimal, *, rate: Decimal, currency: str) -> Decimal:
    """Of one line, rounded once."""
    return round_amount(net * rate / HUNDRED, currency=currency)


def _territory(trader: Trader) -> str:
    return _TAXED_WITH.get(trader.country, trader.country)


def _fits(net: Decimal, gross: Decimal, *, rate: Decimal, currency: str) -> bool:
    """To the smallest unit: the CPO may have rounded each of its parts."""
    return abs(net * (HUNDRED + rate) / HUNDRED - gross) <= smallest_unit(currency)


def _guess_rate(net: Decimal, gross: Decimal) -> Decimal:
    """In whole percent, for the breakdown; what is beyond sense is cut off."""
    if not net:
        return ZERO
    percent = ((gross - net) * HUNDRED / net).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return min(max(percent, ZERO), _HIGHEST)
