"""An invoice as facts: who owes whom what, for what. Its sums are right (EN 16931, named by rule) or it does not exist.

No I/O, no framework, no floats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from cdrs.control.currencies import IN_USE
from settlement.statement import round_amount
from tariffs.pricing.policy import smallest_unit

ZERO = Decimal(0)
HUNDRED = Decimal(100)
FINEST = Decimal("0.01")  # that EN 16931 can say: two decimals, whatever the currency (BR-DEC)


class Kind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    FEE_INVOICE = "fee_invoice"  # the hub's own, for its fees


class VatCategory(StrEnum):
    """Those of UNTDID 5305 that services between companies need."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    EXPORT = "G"  # outside of the EU
    OUTSIDE_SCOPE = "O"

    @property
    def has_rate(self) -> bool:
        return self is VatCategory.STANDARD

    @property
    def needs_reason(self) -> bool:
        return self not in (VatCategory.STANDARD, VatCategory.ZERO_RATED)


class NoXml(StrEnum):
    """Why there is no XML of an invoice, as it is said in `words/`."""

    CURRENCY = "no_xml_currency"  # not in the code list (BR-CL-03, BR-CL-04): it was withdrawn, or there is no such one
    DECIMALS = "no_xml_decimals"  # a coin has a third (KWD), and amounts have two (BR-DEC)


class InvoiceError(ValueError):
    """These facts make no invoice; the text says which rule is broken and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One side of an invoice, as it stands on the page. `party` is its OCPI party ("NL*CPO")."""

    name: str
    party: str
    street: str
    postcode: str
    city: str
    country: str
    vat_number: str = ""
    registration: str = ""  # in the trade register; stands for a tax number where it has none for VAT
    email: str = ""
    iban: str = ""
    bic: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvoiceError(f"{self.party}: a company needs a name (BR-06, BR-07)")
        if len(self.country) != 2 or not self.country.isupper():
            raise InvoiceError(f"{self.party}: the country {self.country!r} is not two capitals (BR-09, BR-11)")
        if self.vat_number and not self.vat_number[:2].isalpha():
            raise InvoiceError(f"{self.party}: the VAT number {self.vat_number!r} lacks its country (BR-CO-09)")
        for field in (self.name, self.street, self.postcode, self.city, self.registration):
            if not field.isprintable():
                raise InvoiceError(f"{self.party}: {field!r} has a character that cannot be printed: remove it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`price` is for `price_basis` units: a total over many tariffs is said exactly, without an average that rounds."""

    text: str
    quantity: Decimal
    unit: str  # UN/ECE Recommendation 20: KWH, C62 (one), HUR
    price: Decimal
    price_basis: Decimal = Decimal(1)
    net: Decimal
    category: VatCategory
    rate: Decimal = ZERO
    detail: str = ""

    def __post_init__(self) -> None:
        numbers = (self.quantity, self.price, self.price_basis, self.net, self.rate)
        if not all(isinstance(number, Decimal) and number.is_finite() for number in numbers):
            raise InvoiceError(f"{self.text!r}: amounts are finite Decimals, never floats")
        if self.price < 0 or self.price_basis <= 0:
            raise InvoiceError(f"{self.text!r}: a price is not negative, its basis above 0 (BR-27): sign the quantity")
        if self.category.has_rate != (self.rate > 0):
            raise InvoiceError(f"{self.text!r}: VAT category {self.category} does not go with {self.rate} % (BR-S-05)")

    @classmethod
    def of_total(
        cls,
        text: str,
        *,
        quantity: Decimal,
        unit: str,
        net: Decimal,
        category: VatCategory,
        rate: Decimal = ZERO,
        detail: str = "",
    ) -> Line:
        """A line whose sum is given. A credit has the sign in its quantity, as prices have none."""
        size = abs(quantity) or Decimal(1)
        return cls(
            text=text,
            quantity=size if net >= 0 else -size,
            unit=unit,
            price=abs(net),
            price_basis=size,
            net=net,
            category=category,
            rate=rate,
            detail=detail,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VatGroup:
    """One row of the VAT breakdown. `reason` says why there is no VAT where there is none."""

    category: VatCategory
    rate: Decimal
    basis: Decimal
    amount: Decimal
    reason: str = ""

    def __post_init__(self) -> None:
        if self.category.needs_reason and not self.reason:
            raise InvoiceError(
                f"VAT category {self.category} needs the reason why no VAT is charged (BR-AE-10, BR-E-10)"
            )
        if self.reason and not self.category.needs_reason:
            raise InvoiceError(f"VAT category {self.category} has no reason for an exemption (BR-S-10, BR-Z-10)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The same total in another currency: information, and the VAT where its country asks for it (BT-111)."""

    currency: str
    rate: Decimal  # so much of `currency` for one unit of the invoice's own
    rate_date: date
    source: str
    total: Decimal
    vat_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preceding:
    """The invoice that a credit note takes back."""

    number: str
    issue_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalNote:
    """What the law of the seller's country wants to be said. `subject`: of UNTDID 4451 (BT-21)."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    kind: Kind
    number: str
    issue_date: date
    due_date: date
    language: str
    currency: str
    seller: Company
    buyer: Company
    period_start: date
    period_end: date
    lines: tuple[Line, ...]
    vat: tuple[VatGroup, ...]
    net_total: Decimal
    vat_total: Decimal
    total: Decimal
    rounding: Decimal = ZERO  # to the amount due from the total (BT-114): where VAT was rounded per charging session
    notes: tuple[str, ...] = ()
    legal_notes: tuple[LegalNote, ...] = ()
    preceding: Preceding | None = None
    converted: Converted | None = None
    issued_by: str = ""  # who wrote it, where that is not the seller
    statement: str = ""  # of what statement, as people call it

    def __post_init__(self) -> None:
        _check_frame(self)
        _check_sums(self)
        _check_vat(self)

    @property
    def due(self) -> Decimal:
        return self.total + self.rounding

    @property
    def has_xml(self) -> bool:
        return self.no_xml is None

    @property
    def no_xml(self) -> NoXml | None:
        """Why EN 16931 cannot say it, where it cannot. Nothing is cut or converted for its sake."""
        currencies = [self.currency] if self.converted is None else [self.currency, self.converted.currency]
        if any(currency not in IN_USE for currency in currencies):
            return NoXml.CURRENCY
        return NoXml.DECIMALS if any(smallest_unit(currency) < FINEST for currency in currencies) else None


def make_document(
    *,
    kind: Kind,
    number: str,
    issue_date: date,
    due_date: date,
    language: str,
    currency: str,
    seller: Company,
    buyer: Company,
    period_start: date,
    period_end: date,
    lines: tuple[Line, ...],
    reasons: Mapping[VatCategory, str],
    due: Decimal | None = None,
    notes: tuple[str, ...] = (),
    legal_notes: tuple[LegalNote, ...] = (),
    preceding: Preceding | None = None,
    converted: Converted | None = None,
    issued_by: str = "",
    statement: str = "",
) -> InvoiceDocument:
    """With its VAT breakdown and totals worked out from the lines. `due`: as agreed, if it is not the total."""
    vat = group_vat(lines, currency=currency, reasons=reasons)
    net_total = sum((line.net for line in lines), ZERO)
    vat_total = sum((group.amount for group in vat), ZERO)
    return InvoiceDocument(
        kind=kind,
        number=number,
        issue_date=issue_date,
        due_date=due_date,
        language=language,
        currency=currency,
        seller=seller,
        buyer=buyer,
        period_start=period_start,
        period_end=period_end,
        lines=lines,
        vat=vat,
        net_total=net_total,
        vat_total=vat_total,
        total=net_total + vat_total,
        rounding=ZERO if due is None else due - net_total - vat_total,
        notes=notes,
        legal_notes=legal_notes,
        preceding=preceding,
        converted=converted,
        issued_by=issued_by,
        statement=statement,
    )


def group_vat(lines: tuple[Line, ...], *, currency: str, reasons: Mapping[VatCategory, str]) -> tuple[VatGroup, ...]:
    """A row per category and rate (BR-S-08), the higher rate first; VAT is rounded once per row (BR-CO-17)."""
    bases: dict[tuple[VatCategory, Decimal], Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        bases[line.category, line.rate] += line.net
    return tuple(
        VatGroup(
            category=category,
            rate=rate,
            basis=basis,
            amount=round_amount(basis * rate / HUNDRED, currency=currency),
            reason=reasons.get(category, "") if category.needs_reason else "",
        )
        for (category, rate), basis in sorted(bases.items(), key=lambda item: (-item[0][1], item[0][0].value))
    )


def negate(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """As a credit note has them: what was minus is plus."""
    return tuple(replace(line, quantity=-line.quantity, net=-line.net) for line in lines)


def _check_frame(document: InvoiceDocument) -> None:
    if not document.number:
        raise InvoiceError("an invoice needs a number (BR-02)")
    if not document.lines:
        raise InvoiceError(f"{document.number}: an invoice needs at least one line (BR-16)")
    if document.period_end < document.period_start:
        raise InvoiceError(f"{document.number}: its period ends before it starts (BR-29)")
    if document.due_date < document.issue_date:
        raise InvoiceError(f"{document.number}: it is due before it is issued")
    if document.due < 0:  # the total may be: corrections by cents, whose VAT was rounded per session
        raise InvoiceError(
            f"{document.number}: what is due is negative: make it a credit note, with what is taken back as plus"
        )


def _check_sums(document: InvoiceDocument) -> None:
    unit = smallest_unit(document.currency)
    amounts = [
        *(line.net for line in document.lines),
        *(amount for group in document.vat for amount in (group.basis, group.amount)),
        document.net_total,
        document.vat_total,
        document.total,
        document.rounding,
    ]
    _require(all(amount % unit == 0 for amount in amounts), document, f"an amount is finer than {unit} (BR-DEC)")
    for line in document.lines:
        exact = line.quantity * line.price / line.price_basis
        _require(
            round_amount(exact, currency=document.currency) == line.net,
            document,
            f"{line.text!r} is not price × quantity",
        )
    _require(
        sum(line.net for line in document.lines) == document.net_total, document, "lines ≠ net total (BR-CO-10, 13)"
    )
    _require(sum(group.amount for group in document.vat) == document.vat_total, document, "VAT ≠ its rows (BR-CO-14)")
    _require(document.net_total + document.vat_total == document.total, document, "net + VAT ≠ total (BR-CO-15, 16)")


def _check_vat(document: InvoiceDocument) -> None:
    reasons = {group.category: group.reason for group in document.vat}
    expected = group_vat(document.lines, currency=document.currency, reasons=reasons)
    _require(set(expected) == set(document.vat), document, "the VAT breakdown is not that of its lines (BR-CO-17, 18)")
    _require(len(expected) == len(document.vat), document, "the VAT breakdown has a row twice (BR-CO-18)")
    categories = {group.category for group in document.vat}
    if VatCategory.OUTSIDE_SCOPE in categories:
        _require(len(document.vat) == 1, document, "what is outside of VAT stands on an invoice of its own (BR-O-11)")
        return
    seller = document.seller
    _require(
        bool(seller.vat_number or seller.registration), document, f"{seller.party} needs a VAT or tax number (BR-S-02)"
    )
    if VatCategory.EXPORT in categories:
        _require(bool(seller.vat_number), document, f"{seller.party} needs a VAT number (BR-G-02)")
    if VatCategory.REVERSE_CHARGE in categories:
        for company in (seller, document.buyer):
            _require(bool(company.vat_number), document, f"{company.party} needs a VAT number (BR-AE-02)")


def _require(holds: bool, document: InvoiceDocument, wrong: str) -> None:
    if not holds:
        raise InvoiceError(f"{document.number}: {wrong}")
