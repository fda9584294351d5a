from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from invoicing import languages
from invoicing.languages import LANGUAGES, get_language, write_date, write_number


class TestGetLanguage:
    @pytest.mark.parametrize(
        ("country", "language"),
        [("DE", "de"), ("at", "de"), ("FR", "fr"), ("IT", "it"), ("NL", "nl"), ("BE", "nl"), ("SE", "en"), ("", "en")],
    )
    def test_is_that_of_the_country(self, country: str, language: str):
        assert get_language(country) == language


class TestWriteDate:
    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("en", "03 Mar 2026"),
            ("de", "03.03.2026"),
            ("fr", "03/03/2026"),
            ("it", "03/03/2026"),
            ("nl", "03-03-2026"),
        ],
    )
    def test_follows_the_language(self, language: str, text: str):
        assert write_date(date(2026, 3, 3), language=language) == text

    def test_has_a_style_for_every_language(self):
        assert set(languages._STYLES) == set(LANGUAGES)


class TestWriteNumber:
    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("en", "1,234,567.50"),
            ("de", "1.234.567,50"),
            ("fr", "1\u202f234\u202f567,50"),
            ("it", "1.234.567,50"),
            ("nl", "1.234.567,50"),
        ],
    )
    def test_follows_the_language(self, language: str, text: str):
        assert write_number(Decimal("1234567.5"), language=language, places=2) == text

    @pytest.mark.parametrize(
        ("number", "text"),
        [("-0.50", "−0.5"), ("100", "100"), ("1E+3", "1,000"), ("0.000", "0"), ("12.340", "12.34"), ("-7", "−7")],
    )
    def test_keeps_no_zeros_that_say_nothing(self, number: str, text: str):
        assert write_number(Decimal(number), language="en") == text

    def test_keeps_zeros_where_places_are_asked_for(self):
        assert write_number(Decimal("1000"), language="en", places=2) == "1,000.00"
        assert write_number(Decimal("-5"), language="de", places=0) == "−5"
