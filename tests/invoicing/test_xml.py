from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from invoicing.document import Converted, InvoiceDocument, Kind, Preceding
from invoicing.xml import PROFILE, Totals, read_totals, write_xml
from tests.invoicing.made import buyer, company, document, line

CHF = Converted(
    currency="CHF",
    rate=Decimal("0.9345"),
    rate_date=date(2026, 11, 30),
    source="ECB",
    total=Decimal("113.07"),
    vat_total=Decimal("19.62"),
)
SAMPLES: dict[str, InvoiceDocument] = {
    "domestic": document(line(), line("33.33", rate="9"), line("-1.10"), notes=("a & b <c>",)),
    "reverse charge": document(line(category="AE")),
    "third country": document(line(category="G"), buyer=buyer(country="CH", vat_number="")),
    "outside of scope": document(line(category="O")),
    "exempt, no VAT number": document(line(category="E"), seller=company(vat_number="")),
    "credit note": document(kind=Kind.CREDIT_NOTE, preceding=Preceding(number="A-1", issue_date=date(2026, 10, 1))),
    "converted": document(converted=CHF),
    "rounded per session": document(line("33.33"), due=Decimal("40.35")),
    "nothing": document(line("0.00", quantity="0")),
    "exponents": document(line("1E+3", quantity="1E+4")),
    "huge": document(line("99999999.99", quantity="123456789.123456")),
}


class Read:
    """The XML by path, as EN 16931's rules look at it."""

    def __init__(self, xml: bytes) -> None:
        self.root = etree.fromstring(xml)
        self.space = {"ram": self.root.nsmap["ram"], "udt": self.root.nsmap["udt"], "rsm": self.root.nsmap["rsm"]}

    def texts(self, path: str) -> list[str]:
        found: Any = self.root.xpath(f"{path}/text()", namespaces=self.space)
        return [str(one) for one in found]

    def numbers(self, path: str) -> list[Decimal]:
        return [Decimal(text) for text in self.texts(path)]

    def one(self, path: str) -> str:
        (text,) = self.texts(path)
        return text


SUMS = "//ram:SpecifiedTradeSettlementHeaderMonetarySummation"
TAX = "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax"
LINE = "//ram:IncludedSupplyChainTradeLineItem"


@pytest.mark.parametrize("name", SAMPLES)
class TestWriteXml:
    """Mandatory fields and sums, as EN 16931's schematron asks; that it fits the XSD is checked when it is written."""

    def test_gives_the_totals_back(self, name: str):
        made = SAMPLES[name]

        assert read_totals(write_xml(made)) == Totals(
            made.currency, made.net_total, made.vat_total, made.total, made.due
        )

    def test_has_what_every_invoice_must_have(self, name: str):
        made = SAMPLES[name]

        read = Read(write_xml(made))

        assert read.one("//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID") == PROFILE  # BR-01
        assert read.one("//rsm:ExchangedDocument/ram:ID") == made.number  # BR-02
        assert read.one("//ram:IssueDateTime/udt:DateTimeString") == "20261201"  # BR-03
        assert read.one("//rsm:ExchangedDocument/ram:TypeCode") == ("381" if "credit" in name else "380")  # BR-04
        assert read.one("//ram:InvoiceCurrencyCode") == "EUR"  # BR-05
        for side, who in (("Seller", made.seller), ("Buyer", made.buyer)):
            assert read.one(f"//ram:{side}TradeParty/ram:Name") == who.name  # BR-06, BR-07
            assert read.one(f"//ram:{side}TradeParty//ram:CountryID") == who.country  # BR-09, BR-11
        if made.kind is not Kind.CREDIT_NOTE:
            assert read.one("//ram:DueDateDateTime/udt:DateTimeString") == "20261231"  # BR-CO-25

    def test_has_what_every_line_must_have(self, name: str):
        read = Read(write_xml(SAMPLES[name]))
        count = len(SAMPLES[name].lines)

        for path in (
            "/ram:AssociatedDocumentLineDocument/ram:LineID",  # BR-21
            "//ram:BilledQuantity",  # BR-22
            "//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",  # BR-24
            "//ram:SpecifiedTradeProduct/ram:Name",  # BR-25
            "//ram:NetPriceProductTradePrice/ram:ChargeAmount",  # BR-26
            "//ram:ApplicableTradeTax/ram:CategoryCode",  # BR-CO-04
        ):
            assert len(read.texts(LINE + path)) == count, path
        assert all(price >= 0 for price in read.numbers(f"{LINE}//ram:ChargeAmount"))  # BR-27

    def test_adds_up(self, name: str):
        read = Read(write_xml(SAMPLES[name]))

        lines = read.numbers(f"{LINE}//ram:LineTotalAmount")
        (net,) = read.numbers(f"{SUMS}/ram:TaxBasisTotalAmount")
        (vat,) = read.numbers(f"{SUMS}/ram:TaxTotalAmount[@currencyID='EUR']")
        (total,) = read.numbers(f"{SUMS}/ram:GrandTotalAmount")
        (due,) = read.numbers(f"{SUMS}/ram:DuePayableAmount")
        rounding = sum(read.numbers(f"{SUMS}/ram:RoundingAmount"), Decimal(0))
        assert sum(lines) == net == read.numbers(f"{SUMS}/ram:LineTotalAmount")[0]  # BR-CO-10, BR-CO-13
        assert sum(read.numbers(f"{TAX}/ram:CalculatedAmount")) == vat  # BR-CO-14
        assert sum(read.numbers(f"{TAX}/ram:BasisAmount")) == net  # BR-S-08 and its sisters
        assert net + vat == total  # BR-CO-15
        assert due == total + rounding  # BR-CO-16
        for basis, rate, amount in zip(
            read.numbers(f"{TAX}/ram:BasisAmount"),
            read.numbers(f"{TAX}/ram:RateApplicablePercent"),
            read.numbers(f"{TAX}/ram:CalculatedAmount"),
            strict=True,
        ):
            assert abs(basis * rate / 100 - amount) <= Decimal("0.005")  # BR-CO-17

    def test_writes_no_exponents(self, name: str):
        read = Read(write_xml(SAMPLES[name]))

        assert not [text for text in read.texts("//ram:*") if "E+" in text or "E-" in text]

    def test_is_the_same_twice(self, name: str):
        assert write_xml(SAMPLES[name]) == write_xml(SAMPLES[name])


class TestWriteXmlByCase:
    def test_names_both_vat_numbers_and_the_reason_of_a_reverse_charge(self):
        read = Read(write_xml(SAMPLES["reverse charge"]))

        assert read.texts("//ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']") == ["NL123456782B90", "DE136695976"]
        assert read.one(f"{TAX}/ram:ExemptionReasonCode") == "VATEX-EU-AE"
        assert read.one(f"{TAX}/ram:ExemptionReason") == "Reverse charge"

    def test_names_no_vat_number_outside_of_scope(self):
        read = Read(write_xml(SAMPLES["outside of scope"]))

        assert read.texts("//ram:SpecifiedTaxRegistration/ram:ID") == []  # BR-O-02
        assert read.texts(f"{LINE}//ram:RateApplicablePercent") == []  # BR-O-05

    def test_names_another_tax_number_where_there_is_none_for_vat(self):
        read = Read(write_xml(SAMPLES["exempt, no VAT number"]))

        assert read.texts("//ram:SellerTradeParty//ram:ID[@schemeID='FC']") == ["34123456"]

    def test_names_the_invoice_a_credit_note_corrects(self):
        read = Read(write_xml(SAMPLES["credit note"]))

        assert read.one("//ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == "A-1"

    def test_says_vat_in_the_other_currency_too(self):
        read = Read(write_xml(SAMPLES["converted"]))

        assert read.one("//ram:TaxCurrencyCode") == "CHF"
        assert read.one(f"{SUMS}/ram:TaxTotalAmount[@currencyID='CHF']") == "19.62"
