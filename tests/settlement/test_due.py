from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from alerts.evaluate import evaluate
from alerts.models import Alert, Kind, Report
from management import dashboard
from settlement.due import close_due, close_pair, get_next, get_pairs, settle
from settlement.import_rates import import_rates
from settlement.models import Closing, Line, Statement, Terms
from settlement.tasks import close_due_periods
from tests.settlement.settled import (
    CONSUMER,
    IN_DECEMBER,
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    PROVIDER,
    UNTIL_DECEMBER,
    get_references,
    store_ready,
    store_terms,
)

pytestmark = pytest.mark.django_db


def get_alerts() -> list[Alert]:
    """About settlement, as the first page of the admin shows them."""
    return [alert for alert, _ in dashboard.get_alerts() if alert.kind == Kind.NOT_CLOSED]


class TestGetPairs:
    def test_are_those_with_cdrs(self):
        for provider, consumer in (("nlcpo", "frmsp"), ("nlcpo", "itmsp"), ("decpx", "frmsp"), ("nlcpo", "nlcpo")):
            store_ready(f"{provider}{consumer}", owner=provider, token_owner=consumer)
        store_ready("c2")
        store_ready("c3", token_owner="")

        assert get_pairs() == [("decpx", "frmsp"), ("nlcpo", "frmsp"), ("nlcpo", "itmsp")]

    def test_are_those_with_a_minimum_fee_as_well(self):
        store_terms(fee_minimum=Decimal(10))
        store_terms(consumer="itmsp")

        assert get_pairs() == [(PROVIDER, CONSUMER)]


class TestGetNext:
    def test_is_the_period_of_the_first_cdr(self):
        store_ready("c1", end_at=IN_NOVEMBER)
        store_ready("c2", end_at=IN_OCTOBER)
        store_ready("c3", end_at=datetime(1970, 1, 1, tzinfo=UTC))  # unknown (CDR-16)

        step = get_next(PROVIDER, CONSUMER)

        assert step is not None
        assert step[0].label == "2026-10"

    @pytest.mark.parametrize(
        "columns", [{"end_at": datetime(2000, 1, 1, tzinfo=UTC)}, {"end_at": IN_OCTOBER, "is_verified": False}]
    )
    def test_is_begun_by_no_wrong_clock_and_nothing_unverified(self, columns):
        store_ready("c1")
        store_ready("c2", **columns)

        step = get_next(PROVIDER, CONSUMER)

        assert step is not None
        assert step[0].label == "2026-11"

    @pytest.mark.parametrize("end_at", [datetime(2026, 3, 1, tzinfo=UTC), datetime(9999, 12, 15, tzinfo=UTC)])
    def test_is_that_in_which_the_first_cdr_came_if_none_is_of_that_time(self, end_at):
        store_ready("c1", end_at=end_at)

        step = get_next(PROVIDER, CONSUMER)

        assert step is not None
        assert step[0].label == "2026-11"

    def test_goes_on_where_the_last_one_ended(self):
        store_terms()
        store_terms(valid_from=datetime(2026, 11, 15, tzinfo=UTC), period="weekly")
        store_ready("c1", end_at=datetime(2026, 11, 10, tzinfo=UTC))

        labels = []
        for _ in range(3):
            step = get_next(PROVIDER, CONSUMER)
            assert step is not None
            labels.append(step[0].label)
            close_pair(provider=PROVIDER, consumer=CONSUMER, until=step[0].end, now=NOW)

        # November began under the old terms; the first week begins on Tuesday, 1 December
        assert labels == ["2026-11", "2026-12-01_2026-12-06", "2026-W50"]

    def test_is_none_where_nothing_was_charged(self):
        assert get_next(PROVIDER, CONSUMER) is None


class TestTerms:
    def test_are_those_of_the_settings_where_the_pair_has_none(self, settings):
        settings.HUB_PAYMENT_DAYS = 14

        assert Terms.get_in_force(provider=PROVIDER, consumer=CONSUMER, at=NOW).payment_days == 14

    def test_are_the_latest_in_force(self):
        store_terms(payment_days=10)
        store_terms(payment_days=20, valid_from=IN_OCTOBER, valid_until=IN_DECEMBER)
        store_terms(payment_days=99, consumer="itmsp")

        def days(at: datetime) -> int:
            return Terms.get_in_force(provider=PROVIDER, consumer=CONSUMER, at=at).payment_days

        assert days(IN_OCTOBER - timedelta(seconds=1)) == 10
        assert days(IN_NOVEMBER) == 20
        assert days(IN_DECEMBER) == 30  # they have ended: as the settings say


class TestCloseDue:
    def test_closes_every_period_that_is_old_enough(self, settings):
        settings.HUB_SETTLEMENT_DELAY = 3
        store_ready("c1", end_at=IN_OCTOBER)
        store_ready("c2", end_at=IN_NOVEMBER)
        store_ready("c3", end_at=IN_NOVEMBER, owner="decpx")

        close_due(now=datetime(2026, 12, 3, 22, 59, tzinfo=UTC))
        assert get_references() == ["NLCPO-FRMSP-NL-EUR-2026-10"]
        close_due(now=datetime(2026, 12, 3, 23, 0, tzinfo=UTC))

        assert get_references()[1:] == ["DECPX-FRMSP-NL-EUR-2026-11", "NLCPO-FRMSP-NL-EUR-2026-11"]

    def test_one_pair_that_cannot_be_closed_keeps_no_other_from_it(self):
        store_terms(settlement_currency="CHF")
        store_ready("c1")
        store_ready("c2", owner="nlcpx")

        report = close_due(now=NOW)

        assert get_references() == ["NLCPX-FRMSP-NL-EUR-2026-11"]
        assert "no ECB rate of CHF" in report.failures["NL*CPO – FR*MSP"]
        assert not Line.objects.filter(cdr_id_text="C1").exists()

    def test_nor_does_one_whose_terms_begin_when_the_calendar_ends(self):
        store_terms(consumer="itmsp", valid_from=datetime(9999, 12, 15, tzinfo=UTC), fee_minimum=Decimal(1))
        store_ready("c1", owner="nlcpx")

        report = close_due(now=NOW)

        assert get_references() == ["NLCPX-FRMSP-NL-EUR-2026-11"]
        assert list(report.failures) == ["NL*CPO – IT*MSP"]

    def test_nor_does_one_whose_sums_no_column_holds(self):
        store_terms(consumer="itmsp", fee_per_session=Decimal("0.25"))
        for number in range(2):
            store_ready(f"big{number}", owner="decpo", total_energy=Decimal("9e13"))
        store_ready("c1", token_owner="itmsp")

        report = close_due(now=NOW)

        assert get_references() == ["NLCPO-ITMSP-NL-EUR-2026-11", "NLHUB-ITMSP-FEES-EUR-2026-11"]
        assert "numeric field overflow" in report.failures["DE*CPO – FR*MSP"]
        assert "\n" not in report.failures["DE*CPO – FR*MSP"]
        evaluate(now=NOW)
        assert [alert.title for alert in get_alerts()] == ["DE*CPO – FR*MSP: the period cannot be closed"]

    def test_of_what_cannot_be_closed_staff_hears_until_it_is(self):
        store_terms(settlement_currency="CHF")
        store_ready("c1")
        close_due(now=NOW)
        evaluate(now=NOW)
        (alert,) = get_alerts()
        assert "NL*CPO – FR*MSP" in alert.title
        assert "no ECB rate of CHF" in alert.detail
        assert "manage.py settle" in alert.advice

        import_rates("Date,CHF\n2026-11-27,0.9317\n", since=date(2020, 1, 1))
        settle([("decpx", "frmsp")], until=UNTIL_DECEMBER, now=NOW)
        evaluate(now=NOW + timedelta(hours=1))
        assert get_alerts() != []
        settle([(PROVIDER, CONSUMER)], until=UNTIL_DECEMBER, now=NOW)
        evaluate(now=NOW + timedelta(hours=2))

        assert get_alerts() == []
        assert Alert.objects.get(pk=alert.pk).closed_at == NOW + timedelta(hours=2)

    def test_a_pair_that_has_nothing_more_to_close_is_well(self):
        terms = store_terms(settlement_currency="CHF")
        store_ready("c1")
        close_due(now=NOW)
        terms.delete()

        close_due(now=NOW)

        assert not Report.objects.exists()

    def test_reads_the_country_of_cdrs_that_came_before_the_column(self):
        store_ready("c1", country=None, document='{"cdr_location":{"country":"BEL"},"total_cost":{"incl_vat":5.0820}}')
        store_ready("c2", country=None, total_cost_incl=None, document="{")

        close_due(now=NOW)

        assert get_references() == ["NLCPO-FRMSP-BE-EUR-2026-11", "NLCPO-FRMSP-ZZ-EUR-2026-11"]
        assert Line.objects.get(cdr_id_text="C1").stated_gross == Decimal("5.082")

    def test_is_what_the_task_does(self):
        store_ready("c1")

        with time_machine.travel(NOW, tick=False):
            assert close_due_periods()["statements"] == 1


class TestSettlementCurrency:
    def test_is_printed_with_rate_and_day(self):
        import_rates("Date,CHF\n2026-11-27,0.9317\n", since=date(2020, 1, 1))
        store_terms(settlement_currency="CHF")
        store_ready("c1")

        close_due(now=NOW)

        statement = Statement.objects.get()
        assert (statement.currency, statement.net) == ("EUR", Decimal("4.20"))
        assert (statement.settlement_rate, statement.settlement_rate_on) == (Decimal("0.9317"), date(2026, 11, 27))
        assert (statement.due, statement.due_currency) == (Decimal("4.73"), "CHF")  # 5.08 × 0.9317, VAT as stated


class TestDryRun:
    def test_says_what_would_be_and_keeps_nothing(self):
        store_ready("c1")

        report = settle(None, until=NOW, dry_run=True, now=NOW)

        assert [one.net for one in report.statements] == [Decimal("4.20")]
        assert not Statement.objects.exists()
        assert not Closing.objects.exists()

    def test_raises_no_alarm(self):
        store_terms(settlement_currency="CHF")
        store_ready("c1")

        report = settle(None, until=NOW, dry_run=True, now=NOW)

        assert report.failures
        assert not Report.objects.exists()
