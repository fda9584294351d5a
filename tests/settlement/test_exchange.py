from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from settlement.conversion import Conversion, Quote, cross
from settlement.exchange import RateMissing, find_conversion
from settlement.import_rates import ImportRefused, import_rates, read_packaged, read_rates
from settlement.rates import ExchangeRate

HISTORY = """Date,USD,JPY,CHF,
2026-11-30,1.1000,170.50,N/A,
2026-11-27,1.0900,170.00,0.9300,
"""
DAILY = "Date, USD, JPY, \n30 November 2026, 1.1000, 170.50, \n"


class TestCross:
    def test_rounds_the_rate_and_then_the_amount(self):
        conversion = cross(
            Quote(Decimal("0.93"), date(2026, 11, 27)), Quote(Decimal("1.1"), date(2026, 11, 30)), currency="USD"
        )

        assert conversion == Conversion(currency="USD", rate=Decimal("1.1827956989"), on=date(2026, 11, 27))
        assert conversion.convert(Decimal("100.00")) == Decimal("118.28")


class TestReadRates:
    def test_reads_the_history(self):
        assert list(read_rates(HISTORY))[:3] == [
            (date(2026, 11, 30), "USD", Decimal("1.1000")),
            (date(2026, 11, 30), "JPY", Decimal("170.50")),
            (date(2026, 11, 27), "USD", Decimal("1.0900")),
        ]

    def test_reads_the_daily_file(self):
        assert (date(2026, 11, 30), "JPY", Decimal("170.50")) in list(read_rates(DAILY))

    def test_reads_what_is_installed(self):
        rates = {(day, currency): rate for day, currency, rate in read_rates(read_packaged())}

        assert rates[date(2020, 12, 31), "CHF"] == Decimal("1.0802")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "must begin"),
            ("<html>", "must begin"),
            ("Date,USD\n2026-11-30,abc\n", "line 2"),
            ("Date,USD\n2026-11-30,-1\n", "line 2"),
            ("Date,USD\n2026-11-30,NaN\n", "line 2"),
            ("Date,USD\nyesterday,1\n", "line 2"),
        ],
    )
    def test_refuses_what_is_not_of_the_ecb(self, text, words):
        with pytest.raises(ImportRefused, match=words):
            list(read_rates(text))


@pytest.mark.django_db
class TestFindConversion:
    @pytest.fixture(autouse=True)
    def _rates(self):
        import_rates(HISTORY, since=date(2020, 1, 1))

    def test_takes_the_last_rate_up_to_the_day(self):
        assert find_conversion("EUR", "CHF", on=date(2026, 11, 30)) == Conversion(
            currency="CHF", rate=Decimal("0.9300000000"), on=date(2026, 11, 27)
        )
        assert find_conversion("EUR", "USD", on=date(2026, 11, 29)).rate == Decimal("1.09")

    @pytest.mark.parametrize("day", [date(2026, 12, 5), date(2026, 11, 26)])
    def test_refuses_one_that_is_too_old_or_none(self, day):
        with pytest.raises(RateMissing, match="import_rates"):
            find_conversion("CHF", "EUR", on=day)

    def test_says_what_to_do_about_money_that_is_quoted_no_more(self):
        with pytest.raises(RateMissing, match="without settlement currency and percentage"):
            find_conversion("BGN", "EUR", on=date(2026, 11, 30))

    def test_is_imported_once_and_corrected(self):
        import_rates(HISTORY, since=date(2020, 1, 1))
        import_rates("Date,USD\n2026-11-30,1.2000\n", since=date(2020, 1, 1))

        assert ExchangeRate.objects.count() == 5
        assert find_conversion("EUR", "USD", on=date(2026, 11, 30)).rate == Decimal("1.2")
