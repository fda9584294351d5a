"""Which CDRs a closing takes, and when those are taken that were not ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reconciliation.models import Dispute, Finding, Rating
from settlement.close import UnableToClose, close_period
from settlement.models import Closing, Line
from tests.reconciliation.disputed import make_dispute
from tests.settlement.settled import (
    HOLDS_NOT,
    IN_DECEMBER,
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    close_month,
    get_kinds,
    hold,
    make_domestic,
    make_terms,
    month_of,
    store_ready,
)

pytestmark = pytest.mark.django_db


class TestClosePeriod:
    def test_makes_a_statement_with_a_line_for_each_cdr(self):
        make_domestic()
        store_ready("c1")
        store_ready("c2", total_cost=Decimal("0.505"), total_cost_incl=Decimal("0.6111"))

        (statement,) = close_month()

        assert statement.reference == "NLCPO-FRMSP-NL-EUR-2026-11"
        assert (statement.seller, statement.buyer, statement.state) == ("nlcpo", "frmsp", "closed")
        statement.refresh_from_db()
        assert (statement.net, statement.vat, statement.gross) == (Decimal("4.71"), Decimal("0.98"), Decimal("5.69"))
        assert (statement.line_count, statement.session_count, statement.energy) == (2, 2, Decimal("24.69"))
        assert statement.vat_totals == [{"category": "S", "rate": "21", "net": "4.71", "vat": "0.98"}]
        assert statement.issued_on.isoformat() == "2027-01-04"
        assert statement.due_on.isoformat() == "2027-02-03"

    def test_keeps_countries_and_currencies_apart(self):
        store_ready("c1")
        store_ready("c2", country="BE")
        store_ready("c3", currency="chf")
        store_ready("c4", country=None)

        statements = close_month()

        assert [(one.country, one.currency) for one in statements] == [
            ("", "EUR"), ("BE", "EUR"), ("NL", "CHF"), ("NL", "EUR"),
        ]  # fmt: skip

    def test_is_of_one_direction_and_pair(self):
        store_ready("c1")
        store_ready("c2", owner="frmsp", token_owner="nlcpo")
        store_ready("c3", token_owner="itmsp")

        close_month()

        assert [line.cdr_id_text for line in Line.objects.all()] == ["C1"]

    @pytest.mark.parametrize(
        "columns",
        [
            {"changed_at": NOW + timedelta(seconds=1)},  # not compared yet
            {"is_verified": False},
            {"deleted_at": IN_NOVEMBER},
            {"audience": "frmsp"},
            {"end_at": IN_DECEMBER},
            {"end_at": datetime(2026, 11, 30, 23, tzinfo=UTC)},  # midnight in Amsterdam: December has begun
            {"total_cost": None},
        ],
    )
    def test_leaves_out_what_is_not_ready(self, columns):
        store_ready("c1", **columns)

        assert close_month() == []
        assert Closing.objects.count() == 1

    def test_leaves_out_what_was_not_judged_by_its_price(self):
        store_ready("c1")
        Rating.objects.all().delete()

        assert close_month() == []

    def test_leaves_out_what_was_replaced_since_it_was_judged(self):
        cdr = store_ready("c1")
        Rating.objects.update(changed_at=cdr.changed_at - timedelta(seconds=1))

        assert close_month() == []

    def test_takes_the_last_moment_of_the_month(self):
        store_ready("c1", end_at=datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))

        assert len(close_month()) == 1

    def test_is_not_closed_before_it_is_over(self):
        with pytest.raises(UnableToClose, match="not over yet"):
            close_period(
                provider="nlcpo",
                consumer="frmsp",
                period=month_of(),
                terms=make_terms(),
                now=month_of().end - timedelta(seconds=1),
            )

    def test_is_closed_once(self):
        store_ready("c1")
        close_month()
        store_ready("c2")

        assert close_month() == []
        assert [line.cdr_id_text for line in Line.objects.all()] == ["C1"]

    def test_is_not_closed_after_a_later_one(self):
        close_month(IN_DECEMBER)

        with pytest.raises(UnableToClose, match="closed already"):
            close_month(IN_NOVEMBER)


class TestCarryingOver:
    def test_a_late_cdr_goes_into_the_next_period(self):
        close_month(IN_OCTOBER)
        store_ready("c1", end_at=IN_OCTOBER)

        close_month(IN_NOVEMBER)

        assert get_kinds() == [("2026-11", "C1", "late")]

    def test_a_held_cdr_waits_until_it_is_released(self):
        finding = hold(store_ready("c1", end_at=IN_OCTOBER))
        store_ready("c2", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        close_month(IN_NOVEMBER)
        assert get_kinds() == [("2026-10", "C2", "regular")]
        Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)

        close_month(IN_DECEMBER)

        assert get_kinds()[1:] == [("2026-12", "C1", "late")]

    def test_a_warning_holds_nothing_until_it_is_disputed(self):
        hold(store_ready("c1"), severity=HOLDS_NOT)
        hold(store_ready("c2"), severity=HOLDS_NOT, state="disputed")

        close_month()

        assert get_kinds() == [("2026-11", "C1", "regular")]

    def test_a_disputed_cdr_waits_until_the_dispute_is_over(self):
        cdr = store_ready("c1")
        dispute = make_dispute(owner=cdr.owner, token_owner=cdr.token_owner, cdr_key="c1")
        assert close_month(IN_NOVEMBER) == []
        Dispute.objects.filter(pk=dispute.pk).update(state="withdrawn", is_holding=False, closed_at=NOW)

        close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-12", "C1", "late")]

    def test_a_finding_of_another_cpo_holds_nothing(self):
        hold(store_ready("c1"), owner="decpo")

        close_month()

        assert get_kinds() == [("2026-11", "C1", "regular")]
