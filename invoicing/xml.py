"""An invoice as EN 16931 XML (UN/CEFACT CII, as Factur-X has it), checked against its XSD, and its totals read back.

Numbers go in as text: `drafthorse` writes what it is given, and a Decimal's own text may have an exponent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration, TradeParty
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem
from lxml import etree

from invoicing.document import Company, InvoiceDocument, Kind, Line, VatCategory, VatGroup

PROFILE: Final = "urn:cen.eu:en16931:2017"
TYPE_CODES: Final[Mapping[Kind, str]] = {Kind.INVOICE: "380", Kind.FEE_INVOICE: "380", Kind.CREDIT_NOTE: "381"}
REASON_CODES: Final[Mapping[VatCategory, str]] = {
    VatCategory.REVERSE_CHARGE: "VATEX-EU-AE",
    VatCategory.EXPORT: "VATEX-EU-G",
    VatCategory.OUTSIDE_SCOPE: "VATEX-EU-O",
}
SEPA_TRANSFER: Final = "58"  # in euro alone
CREDIT_TRANSFER: Final = "30"


@dataclass(frozen=True, slots=True)
class Totals:
    currency: str
    net_total: Decimal
    vat_total: Decimal
    total: Decimal
    due: Decimal


def write_xml(document: InvoiceDocument) -> bytes:
    """
    Raises:
        lxml.etree.XMLSyntaxError: it does not fit the XSD, which would be our fault.
    """
    made = Document()
    made.context.guideline_parameter.id = PROFILE
    made.header.id = document.number
    made.header.type_code = TYPE_CODES[document.kind]
    made.header.issue_date_time = document.issue_date
    for text in document.notes:
        made.header.notes.add(_make_note(text))
    for legal in document.legal_notes:
        made.header.notes.add(_make_note(legal.text, subject=legal.subject))
    _write_party(made.trade.agreement.seller, document.seller, document=document)
    _write_party(made.trade.agreement.buyer, document.buyer, document=document)
    for place, line in enumerate(document.lines, start=1):
        made.trade.items.add(_make_line(line, place=place))
    made.trade.delivery.event.occurrence = document.period_end
    _write_settlement(made.trade.settlement, document)
    return bytes(made.serialize(schema="FACTUR-X_EN16931"))


def read_totals(xml: bytes) -> Totals:
    """As a recipient's software would find them."""
    root = etree.fromstring(xml)
    space = {"ram": root.nsmap["ram"]}
    settlement = root.find(".//ram:ApplicableHeaderTradeSettlement", space)
    sums = settlement.find("ram:SpecifiedTradeSettlementHeaderMonetarySummation", space)
    currency = settlement.findtext("ram:InvoiceCurrencyCode", namespaces=space)
    tax = [one.text for one in sums.findall("ram:TaxTotalAmount", space) if one.get("currencyID") == currency]
    return Totals(
        currency=currency,
        net_total=Decimal(sums.findtext("ram:TaxBasisTotalAmount", namespaces=space)),
        vat_total=Decimal(tax[0]),
        total=Decimal(sums.findtext("ram:GrandTotalAmount", namespaces=space)),
        due=Decimal(sums.findtext("ram:DuePayableAmount", namespaces=space)),
    )


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _write_party(party: TradeParty, company: Company, *, document: InvoiceDocument) -> None:
    party.id = company.party
    party.name = company.name
    if company.registration:
        party.legal_organization.id = company.registration
    party.address.postcode = company.postcode
    party.address.line_one = company.street
    party.address.city_name = company.city
    party.address.country_id = company.country
    if company.email:
        party.electronic_address.uri_ID = ("EM", company.email)
    is_outside = any(group.category is VatCategory.OUTSIDE_SCOPE for group in document.vat)
    if company.vat_number and not is_outside:  # BR-O-02 forbids it there
        party.tax_registrations.add(_register("VA", company.vat_number))
    elif company is document.seller and company.registration and not company.vat_number:
        party.tax_registrations.add(_register("FC", company.registration))  # BT-32


def _register(scheme: str, number: str) -> TaxRegistration:
    registration = TaxRegistration()
    registration.id = (scheme, number)
    return registration


def _make_note(text: str, *, subject: str = "") -> IncludedNote:
    note = IncludedNote()
    note.content = text
    if subject:
        note.subject_code = subject
    return note


def _make_line(line: Line, *, place: int) -> LineItem:
    made = LineItem()
    made.document.line_id = str(place)
    made.product.name = line.text
    if line.detail:
        made.product.description = line.detail
    made.agreement.net.amount = _plain(line.price)
    if line.price_basis != 1:
        made.agreement.net.basis_quantity = (_plain(line.price_basis), line.unit)
    made.delivery.billed_quantity = (_plain(line.quantity), line.unit)
    made.settlement.trade_tax.type_code = "VAT"
    made.settlement.trade_tax.category_code = line.category.value
    if line.category is not VatCategory.OUTSIDE_SCOPE:  # BR-O-05
        made.settlement.trade_tax.rate_applicable_percent = _plain(line.rate)
    made.settlement.monetary_summation.total_amount = _plain(line.net)
    return made


def _write_settlement(settlement: Any, document: InvoiceDocument) -> None:
    settlement.currency_code = document.currency
    settlement.payment_reference = document.number
    if document.seller.iban:
        settlement.payment_means.add(_make_means(document))
    for group in document.vat:
        settlement.trade_tax.add(_make_tax(group))
    settlement.period.start = document.period_start
    settlement.period.end = document.period_end
    terms = PaymentTerms()
    terms.due = document.due_date
    settlement.terms.add(terms)
    _write_sums(settlement, document)
    if document.preceding:
        settlement.invoice_referenced_document.issuer_assigned_id = document.preceding.number
        settlement.invoice_referenced_document.issue_date_time = document.preceding.issue_date


def _write_sums(settlement: Any, document: InvoiceDocument) -> None:
    sums = settlement.monetary_summation
    sums.line_total = _plain(document.net_total)
    sums.charge_total = sums.allowance_total = _plain(Decimal("0.00"))
    sums.tax_basis_total = (_plain(document.net_total), None)
    sums.tax_total = (_plain(document.vat_total), document.currency)
    sums.grand_total = (_plain(document.total), None)
    if document.rounding:
        sums.rounding_amount = _plain(document.rounding)
    sums.due_amount = _plain(document.due)
    converted = document.converted
    if converted and converted.vat_total:  # BT-6 and BT-111
        settlement.tax_currency_code = converted.currency
        sums.tax_total_other_currency.add((_plain(converted.vat_total), converted.currency))


def _make_means(document: InvoiceDocument) -> PaymentMeans:
    seller, means = document.seller, PaymentMeans()
    means.type_code = SEPA_TRANSFER if document.currency == "EUR" else CREDIT_TRANSFER
    means.payee_account.iban = "".join(seller.iban.split())
    if seller.bic:
        means.payee_institution.bic = seller.bic
    return means


def _make_tax(group: VatGroup) -> ApplicableTradeTax:
    tax = ApplicableTradeTax()
    tax.calculated_amount = _plain(group.amount)
    tax.type_code = "VAT"
    if group.reason:
        tax.exemption_reason = group.reason
        if group.category in REASON_CODES:
            tax.exemption_reason_code = REASON_CODES[group.category]
    tax.basis_amount = _plain(group.basis)
    tax.category_code = group.category.value
    tax.rate_applicable_percent = _plain(group.rate)
    return tax
