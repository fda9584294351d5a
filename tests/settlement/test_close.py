from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from cdrs.models import Cdr
from reconciliation.holds import HOLDING_SEVERITIES
from reconciliation.models import Dispute, Finding, Rating
from settlement.close import UnableToClose, close_period
from settlement.models import Closing, Line, Statement
from settlement.seal import is_intact
from settlement.statement import ZERO
from tariffs.pricing import Severity
from tests.reconciliation.disputed import make_dispute
from tests.settlement.settled import (
    IN_DECEMBER,
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    close_month,
    make_domestic,
    make_judged,
    make_terms,
    month_of,
    store_credit_of,
    store_ready,
)

pytestmark = pytest.mark.django_db
HOLDS = min(severity.value for severity in HOLDING_SEVERITIES)
HOLDS_NOT = min(severity.value for severity in Severity if severity not in HOLDING_SEVERITIES)


def hold(cdr: Cdr, **columns: str) -> Finding:
    return Finding.objects.create(
        **{
            "kind": "cost_differs",
            "severity": HOLDS,
            "owner": cdr.owner,
            "cdr_key": cdr.object_key,
            "cdr_id": cdr.object_id,
            "opened_at": IN_NOVEMBER,
        }
        | columns
    )


def get_kinds() -> list[tuple[str, str, str]]:
    """(statement's period, CDR, kind of line)."""
    lines = Line.objects.order_by("statement__period_end", "position").select_related("statement")
    return [(f"{line.statement.first_day:%Y-%m}", line.cdr_id_text, line.kind) for line in lines]


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


class TestCorrections:
    def test_a_credit_and_a_new_cdr_go_into_the_next_statement(self):
        original = store_ready("c1", end_at=IN_OCTOBER)
        (october,) = close_month(IN_OCTOBER)
        store_credit_of(original, "k1")
        store_ready("c2", end_at=IN_OCTOBER, session_key=original.session_key, total_cost=Decimal("3.00"))

        (november,) = close_month(IN_NOVEMBER)

        assert get_kinds()[1:] == [("2026-11", "K1", "correction"), ("2026-11", "C2", "correction")]
        assert {line.corrects_id for line in november.lines.all()} == {october.pk}
        assert (november.net, november.session_count, november.correction_count) == (Decimal("-1.20"), 0, 2)
        assert november.energy == 0

    def test_original_and_credit_in_one_statement_are_nothing(self):
        make_domestic()
        store_credit_of(store_ready("c1"), "k1")

        (statement,) = close_month()

        assert (statement.line_count, statement.session_count, statement.energy) == (2, 0, ZERO)
        assert (statement.net, statement.vat, statement.gross, statement.stated_vat) == (ZERO, ZERO, ZERO, ZERO)

    def test_a_credit_does_not_go_before_what_it_takes_back(self):
        original = store_ready("c1")
        finding = hold(original)
        store_credit_of(original, "k1")
        assert close_month(IN_NOVEMBER) == []
        Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)

        close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-12", "C1", "late"), ("2026-12", "K1", "late")]

    def test_what_is_credited_waits_until_its_credit_is_judged(self):
        credit = store_credit_of(store_ready("c1"), "k1")
        Rating.objects.filter(cdr_key="k1").delete()
        assert close_month(IN_NOVEMBER) == []
        make_judged(credit)

        (december,) = close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-12", "C1", "late"), ("2026-12", "K1", "late")]
        assert (december.net, december.session_count) == (ZERO, 0)

    @pytest.mark.parametrize("columns", [{"kind": "undelivered_cdr"}, {"severity": HOLDS_NOT, "state": "disputed"}])
    def test_what_is_credited_waits_while_its_credit_is_held(self, columns):
        """What held it is closed by its credit: it would be billed alone."""
        finding = hold(store_credit_of(store_ready("c1"), "k1"), **columns)
        assert close_month(IN_NOVEMBER) == []
        Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)

        (december,) = close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-12", "C1", "late"), ("2026-12", "K1", "late")]
        assert (december.net, december.session_count) == (ZERO, 0)

    def test_what_is_credited_waits_while_its_credit_is_disputed(self):
        credit = store_credit_of(store_ready("c1"), "k1")
        make_dispute(owner=credit.owner, token_owner=credit.token_owner, cdr_key="k1")

        assert close_month() == []

    def test_what_is_credited_waits_for_a_credit_of_a_later_period(self):
        store_credit_of(store_ready("c1"), "k1", end_at=IN_DECEMBER)
        assert close_month(IN_NOVEMBER) == []

        close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-12", "C1", "late"), ("2026-12", "K1", "late")]

    def test_no_session_is_billed_anew_before_its_credit(self):
        """Both CDRs of the session would be paid."""
        original = store_ready("c1", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        finding = hold(store_credit_of(original, "k1"), kind="undelivered_cdr")
        store_ready("c2", end_at=IN_OCTOBER, session_key=original.session_key, total_cost=Decimal("3.00"))
        assert close_month(IN_NOVEMBER) == []
        Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)

        close_month(IN_DECEMBER)

        assert get_kinds()[1:] == [("2026-12", "K1", "correction"), ("2026-12", "C2", "correction")]

    def test_a_session_is_billed_anew_after_its_credit(self):
        original = store_ready("c1", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        store_credit_of(original, "k1")
        close_month(IN_NOVEMBER)
        store_ready("c2", end_at=IN_OCTOBER, session_key=original.session_key, total_cost=Decimal("3.00"))

        close_month(IN_DECEMBER)

        assert get_kinds()[2:] == [("2026-12", "C2", "correction")]

    def test_one_credit_is_enough(self):
        original = store_ready("c1")
        hold(store_credit_of(original, "k1"))
        store_credit_of(original, "k2")
        hold(store_credit_of(original, "k3"), kind="credited_twice")

        close_month()

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K2"]

    def test_a_credit_of_a_credit_keeps_neither_of_the_two(self):
        credit = store_credit_of(store_ready("c1"), "k1")
        hold(store_credit_of(credit, "k2"), kind="credit_of_credit")

        close_month()

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K1"]

    @pytest.mark.parametrize(
        "columns",
        [
            {"credit_reference_key": "c9"},
            {"owner": "decpo"},
            {"token_owner": "itmsp"},
            {"currency": "CHF"},
            {"total_cost": Decimal("-4.19")},
            {"total_cost_incl": None},
            {"is_verified": False},
        ],
    )
    def test_waits_for_no_credit_that_is_not_its_own(self, columns):
        store_credit_of(store_ready("c1"), "k1", **columns)
        Rating.objects.filter(cdr_key="k1").delete()

        close_month(IN_NOVEMBER)

        assert get_kinds() == [("2026-11", "C1", "regular")]

    def test_waits_for_no_second_credit_once_it_is_settled(self):
        original = store_ready("c1", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        store_credit_of(original, "k1")
        store_credit_of(original, "k2")
        Rating.objects.filter(cdr_key="k2").delete()

        close_month(IN_NOVEMBER)

        assert get_kinds()[1:] == [("2026-11", "K1", "correction")]

    def test_nothing_is_credited_twice(self):
        original = store_ready("c1", end_at=IN_OCTOBER)
        store_credit_of(original, "k1")
        store_credit_of(original, "k2")
        close_month(IN_OCTOBER)
        store_credit_of(original, "k3")

        close_month(IN_NOVEMBER)

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K1"]

    def test_a_credit_of_energy_fed_back_is_above_zero(self):
        """What it takes back is below (AMB-55)."""
        original = store_ready("c1", total_cost=Decimal("-2.00"), total_cost_incl=None, total_energy=Decimal(-5))
        store_credit_of(original, "k1", total_cost=Decimal("-2.00"))
        store_credit_of(original, "k2")

        (statement,) = close_month()

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K2"]
        assert (statement.net, statement.gross, statement.energy) == (ZERO, ZERO, ZERO)

    @pytest.mark.parametrize(
        "columns",
        [
            {"credit_reference_key": "c9"},
            {"total_cost": Decimal("4.20")},
            {"currency": "CHF"},
            {"token_owner": "itmsp"},
        ],
    )
    def test_a_credit_that_is_not_the_mirror_of_a_known_cdr_is_not_settled(self, columns):
        store_credit_of(store_ready("c1"), "k1", **columns)

        close_month()
        close_month(consumer="itmsp")

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1"]


def test_drafts_alone_may_be_emptied():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hub.may_truncate = ''")
        cursor.execute("TRUNCATE settlement_statement CASCADE")


class TestClosed:
    @pytest.fixture(autouse=True)
    def _closed(self):
        store_ready("c1")
        self.statement = close_month()[0]

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE settlement_statement SET due_on = '2030-01-01'",
            "UPDATE settlement_statement SET state = 'draft'",
            "DELETE FROM settlement_statement",
            "UPDATE settlement_line SET net = 1, gross = 1 + vat",
            "UPDATE settlement_line SET statement_id = -1",
            "DELETE FROM settlement_line",
        ],
    )
    def test_refuses_every_change(self, sql):
        with pytest.raises((IntegrityError, InternalError), match="closed"), transaction.atomic():
            connection.cursor().execute(sql)

    @pytest.mark.parametrize(
        "tables", ["settlement_line", "settlement_statement", "settlement_feeline", "settlement_closing", "cdrs_cdr"]
    )
    def test_is_not_emptied(self, tables):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL hub.may_truncate = ''")

        with pytest.raises(IntegrityError, match="cannot be emptied"), transaction.atomic():
            connection.cursor().execute(f"TRUNCATE {tables} CASCADE")

        assert Line.objects.exists()

    def test_takes_no_more_lines(self):
        line = Line.objects.get()
        line.pk, line.position, line.cdr = None, 2, store_ready("c2")

        with pytest.raises(IntegrityError, match="takes no more lines"), transaction.atomic():
            line.save()

    def test_is_the_same_to_the_byte_whatever_happens_to_the_rest(self):
        Cdr.objects.update(total_cost=Decimal("99"), object_id="other", country="XX")
        make_domestic()

        assert is_intact(Statement.objects.get())

    def test_a_cdr_is_in_one_line_only(self):
        line = Line.objects.get()
        other = Statement.objects.create(
            **{
                field.name: getattr(self.statement, field.name)
                for field in Statement._meta.concrete_fields
                if field.name not in ("id", "reference", "state", "country")
            },
            country="BE",
        )
        line.pk, line.statement = None, other

        with pytest.raises(IntegrityError, match="cdr_id"), transaction.atomic():
            line.save()
