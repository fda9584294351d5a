from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import Any

import facturx
import pytest
import time_machine
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from invoicing.document import InvoiceDocument, Kind
from invoicing.languages import LANGUAGES
from invoicing.page import lay_out
from invoicing.pdf import MOST_LINES, TooManyLines, write_pdf
from invoicing.xml import read_totals, write_xml
from tests.invoicing.made import buyer, document, line
from tests.invoicing.test_xml import SAMPLES

ONCE_MORE = """
import hashlib
from invoicing.pdf import write_pdf
from invoicing.xml import write_xml
from tests.invoicing.made import document
print(hashlib.sha256(write_pdf(document(), xml=write_xml(document()))).hexdigest())
"""


def render(made: Any) -> PdfReader:
    return PdfReader(BytesIO(write_pdf(made, xml=write_xml(made))))


class TestWritePdf:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_gives_the_same_bytes_at_another_time(self, name: str):
        made, xml = SAMPLES[name], write_xml(SAMPLES[name])

        with time_machine.travel("2026-12-01T10:00:00Z"):
            first = write_pdf(made, xml=xml)
        with time_machine.travel("2031-01-31T23:59:59Z"):
            second = write_pdf(made, xml=xml)

        assert first == second

    def test_gives_the_same_bytes_in_another_process(self):
        here = hashlib.sha256(write_pdf(document(), xml=write_xml(document()))).hexdigest()

        there = subprocess.run([sys.executable, "-c", ONCE_MORE], capture_output=True, text=True, check=True)

        assert there.stdout.strip() == here

    def test_is_drawn_in_threads_at_the_same_time(self):
        made = [document(number=f"N-{place}") for place in range(12)]

        def draw(one: InvoiceDocument) -> bytes:
            return write_pdf(one, xml=write_xml(one))

        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(draw, made))

        assert together == [draw(one) for one in made]

    def test_has_the_xml_inside_as_its_alternative(self):
        made = document()
        xml = write_xml(made)

        pdf = write_pdf(made, xml=xml)

        name, found = facturx.get_facturx_xml_from_pdf(pdf)
        assert (name, found) == ("factur-x.xml", xml)
        assert read_totals(found).total == made.total
        root: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
        assert [one.get_object()["/AFRelationship"] for one in root["/AF"]] == ["/Alternative"]

    def test_calls_itself_pdf_a_3b_with_factur_x_of_profile_en_16931(self):
        root: Any = render(document()).trailer["/Root"]

        described = root["/Metadata"].get_data().decode()

        assert "<pdfaid:part>3</pdfaid:part>" in described
        assert "<pdfaid:conformance>B</pdfaid:conformance>" in described
        assert re.search(r"ConformanceLevel>EN 16931<", described)
        assert root["/OutputIntents"]

    def test_is_written_once(self):
        pdf = write_pdf(document(), xml=write_xml(document()))

        assert (pdf.count(b"%PDF-"), pdf.count(b"%%EOF")) == (1, 1)

    @pytest.mark.parametrize("has_xml", [True, False])
    def test_keeps_what_pdf_a_asks_of_the_file(self, has_xml: bool):
        made = document()

        read: Any = PdfReader(BytesIO(write_pdf(made, xml=write_xml(made) if has_xml else None)))

        objects = [read.get_object(number) for number in range(1, read.trailer["/Size"])]
        kept = [one for one in objects if isinstance(one, DictionaryObject)]
        fonts = [one for one in kept if one.get("/Type") == "/FontDescriptor"]
        assert len(fonts) == 2
        assert all("/FontFile3" in font for font in fonts)
        assert len(read.trailer["/ID"]) == 2
        assert "/Encrypt" not in read.trailer
        assert not [one for one in kept if "/Group" in one or "/SMask" in one or one.get("/S") == "/JavaScript"]

    def test_is_dated_by_the_day_of_issue(self):
        information: Any = render(document()).metadata

        assert f"{information.creation_date:%Y-%m-%d}" == f"{information.modification_date:%Y-%m-%d}" == "2026-12-01"

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_prints_parties_totals_and_pages(self, language: str):
        made = document(language=language)

        text = render(made).pages[0].extract_text()

        for expected in (made.number, made.seller.name, made.buyer.name, made.buyer.vat_number, "121", "1011 AB"):
            assert expected in text

    def test_repeats_the_head_of_the_table_and_counts_pages(self):
        made = document(*(line(text=f"Line {place}") for place in range(200)))

        pages = [page.extract_text() for page in render(made).pages]

        assert len(pages) > 3
        assert all(f"Page {place} of {len(pages)}" in text for place, text in enumerate(pages, start=1))
        assert all("Price per unit" in text for text in pages[:-1])

    def test_takes_no_more_lines_than_a_person_reads(self):
        made = document(*(line() for _ in range(MOST_LINES + 1)))

        with pytest.raises(TooManyLines, match="sum them up"):
            write_pdf(made, xml=b"")

    def test_draws_a_question_mark_for_what_its_fonts_lack(self):
        made = document(buyer=buyer(name="Łódź 日本 Ελλάδα"))

        text = render(made).pages[0].extract_text()

        assert "Łódź ?? Ελλάδα" in text
        assert "日本" in write_xml(made).decode()

    @pytest.mark.parametrize(
        ("name", "drawn"),
        [
            ("บริษัท จำกัด", "???? ??? GmbH 1"),
            ("নামি", "?? GmbH 1"),
            ("1️⃣ 1", "? 1 GmbH 1"),
            ("a⃝a", "?a GmbH 1"),
            ("?\u20dd", "? GmbH 1"),
        ],
    )
    def test_draws_one_for_a_letter_and_its_marks(self, name: str, drawn: str):
        made = document(buyer=buyer(name=f"{name} GmbH 1"))

        text = render(made).pages[0].extract_text()

        assert drawn in text
        assert "121.00" in text

    @pytest.mark.parametrize("name", ["#panic(1)", '"quoted" \\ ] }', "a\u2028b *b* _i_ $x$"])
    def test_prints_a_name_that_looks_like_markup_as_it_is(self, name: str):
        render(replace(document(), notes=(name,)))

    def test_asks_nobody_to_pay_a_credit_note(self):
        shown = lay_out(document(kind=Kind.CREDIT_NOTE))

        assert shown["payment"] == "121.00 EUR is credited to you."
        assert shown["bank"] == []


class TestLayOut:
    def test_is_text_alone(self):
        def leaves(value: Any) -> list[Any]:
            if isinstance(value, dict):
                return [leaf for one in value.values() for leaf in leaves(one)]
            return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]

        shown = json.loads(json.dumps(lay_out(document())))

        assert {type(leaf) for leaf in leaves(shown)} == {str, bool}

    def test_marks_an_average_price_as_such(self):
        assert lay_out(document())["lines"][0]["price"] == "ø 0.3992"
        assert lay_out(document(line(quantity="1", unit="C62")))["lines"][0]["price"] == "100.0000"

    def test_says_what_is_due_in_the_currency_of_settlement(self):
        shown = lay_out(SAMPLES["converted"])

        assert shown["payment"].startswith("Please pay 113.07 CHF (= 121.00 EUR) by 31 Dec 2026")
        assert shown["notes"] == ["Total in CHF: 113.07, of which VAT 19.62. 1 EUR = 0.9345 CHF on 30 Nov 2026 (ECB)."]
