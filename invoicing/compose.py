"""What a statement says, as lines of an invoice: a line per kind of session and VAT rate, in the recipient's language.

Pure. The charging sessions themselves are in the CSV.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from invoicing.document import HUNDRED, ZERO, InvoiceError, Line, VatCategory
from invoicing.languages import write_number
from invoicing.words import say
from settlement.statement import FeeRule, LineKind, round_amount
from tariffs.pricing.policy import get_digits, smallest_unit

ONE: Final = "C62"
_COINS: Final = Decimal("2.5")
_WORDS: Final[Mapping[LineKind, str]] = {
    LineKind.REGULAR: "charging",
    LineKind.LATE: "late",
    LineKind.CORRECTION: "corrections",
}
_UNITS: Final[Mapping[str, str]] = {"kWh": "KWH", "session": ONE, "period": ONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionGroup:
    """CDRs that differ in nothing an invoice says."""

    kind: LineKind
    category: VatCategory
    rate: Decimal
    count: int
    sessions: int
    energy: Decimal
    net: Decimal
    vat: Decimal  # as the CDRs state it, rounded per CDR
    corrects: tuple[str, ...] = ()  # numbers of earlier invoices


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeGroup:
    rule: FeeRule
    unit: str
    quantity: Decimal
    unit_price: Decimal | None  # None: several, summed up
    net: Decimal
    pairs: int = 1
    parties: str = ""  # "NL*CPO – DE*MSP", if it is one pair
    base_currency: str = ""
    category: VatCategory
    rate: Decimal


def write_sessions(groups: Iterable[SessionGroup], *, country: str, currency: str, language: str) -> tuple[Line, ...]:
    return tuple(
        _write_session_group(group, country=country, currency=currency, language=language)
        for group in _settle_rates(list(groups), currency=currency)
    )


def write_fees(groups: Iterable[FeeGroup], *, currency: str, language: str) -> tuple[Line, ...]:
    return tuple(_write_fee(group, currency=currency, language=language) for group in groups)


def _write_session_group(group: SessionGroup, *, country: str, currency: str, language: str) -> Line:
    sessions = (
        say("one_session", language=language)
        if group.sessions == 1
        else say("sessions", language=language, count=write_number(Decimal(group.sessions), language=language))
    )
    is_energy_told = group.energy * group.net > 0
    return Line.of_total(
        say(_WORDS[group.kind], language=language, country=country),
        quantity=group.energy if is_energy_told else Decimal(1),
        unit="KWH" if is_energy_told else ONE,
        net=round_exactly(group.net, currency=currency),
        category=group.category,
        rate=group.rate,
        detail=" · ".join([sessions, *([", ".join(group.corrects)] if group.corrects else [])]),
    )


def _write_fee(group: FeeGroup, *, currency: str, language: str) -> Line:
    text = say(f"fee_{group.rule}", language=language)
    detail = group.parties or say("fee_pairs", language=language, count=str(group.pairs))
    net = round_exactly(group.net, currency=currency)
    plain = {"text": text, "net": net, "category": group.category, "rate": group.rate}
    if group.rule is FeeRule.PERCENTAGE:
        if group.unit_price is not None:
            base = group.base_currency or currency
            share = say(
                "fee_share",
                language=language,
                percent=write_number(group.unit_price, language=language),
                amount=write_number(group.quantity, language=language, places=get_digits(base)),
                currency=base,
            )
            detail = f"{detail} · {share}"
        return Line.of_total(**plain, quantity=Decimal(1), unit=ONE, detail=detail)  # type: ignore[arg-type]
    unit = _UNITS.get(group.unit, ONE)
    if group.unit_price is not None and round_amount(group.quantity * group.unit_price, currency=currency) == net:
        return Line(**plain, quantity=group.quantity, unit=unit, price=group.unit_price, detail=detail)  # type: ignore[arg-type]
    return Line.of_total(**plain, quantity=group.quantity or Decimal(1), unit=unit, detail=detail)  # type: ignore[arg-type]


def round_exactly(amount: Decimal, *, currency: str) -> Decimal:
    """Without the spare zeros of the column.

    Raises:
        InvoiceError: it would change the amount.
    """
    rounded = round_amount(amount, currency=currency)
    if rounded != amount:
        raise InvoiceError(
            f"{amount:f} {currency} is finer than the currency's smallest coin: settle it outside of the hub"
        )
    return rounded


def _settle_rates(groups: list[SessionGroup], *, currency: str) -> list[SessionGroup]:
    """Where the VAT stated is further from the rate than rounding explains, the rate is what was stated in effect.

    The statement judged such CDRs as implausible already; what they state is owed all the same. A group that goes with
    its rate keeps it: in effect a few cents of corrections may have any, or none.
    """
    by_rate: dict[tuple[VatCategory, Decimal], list[SessionGroup]] = defaultdict(list)
    for group in groups:
        by_rate[group.category, group.rate].append(group)
    wrong = {key for key, same in by_rate.items() if _is_off(same, rate=key[1], currency=currency)}
    return [
        _with_effective_rate(group)
        if (group.category, group.rate) in wrong and _is_off([group], rate=group.rate, currency=currency)
        else group
        for group in groups
    ]


def _is_off(groups: Sequence[SessionGroup], *, rate: Decimal, currency: str) -> bool:
    exact = sum((group.net for group in groups), ZERO) * rate / HUNDRED
    stated = sum((group.vat for group in groups), ZERO)
    return abs(stated - exact) > get_slack(sum(group.count for group in groups), currency=currency)


def get_slack(count: int, *, currency: str) -> Decimal:
    """How far sums of so many rounded CDRs may be from what is rounded once: of each a coin that a plausible one may be
    off (`settlement.vat`), and half a coin each for gross, net and the VAT of that."""
    return smallest_unit(currency) * (count * _COINS + 1)


def _with_effective_rate(group: SessionGroup) -> SessionGroup:
    if group.category not in (VatCategory.STANDARD, VatCategory.ZERO_RATED):
        raise InvoiceError(
            f"VAT of {group.vat:f} is stated in category {group.category}, which has none: correct the CDRs"
        )
    rate = (group.vat * HUNDRED / group.net).quantize(Decimal("0.0001")) if group.net else ZERO
    if rate < 0:
        raise InvoiceError(f"VAT of {group.vat:f} on {group.net:f} is against its sign: correct the CDRs")
    category = VatCategory.STANDARD if rate else VatCategory.ZERO_RATED
    return replace(group, category=category, rate=rate)
