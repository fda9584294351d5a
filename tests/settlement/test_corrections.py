"""Credits, and CDRs that bill a session anew, in the statements that follow."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi.times import SENTINEL
from reconciliation.models import Finding, Rating
from settlement.statement import ZERO
from tests.reconciliation.disputed import make_dispute
from tests.settlement.settled import (
    CONSUMER,
    HOLDS_NOT,
    IN_DECEMBER,
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    close_month,
    get_kinds,
    hold,
    make_domestic,
    make_judged,
    store_credit_of,
    store_ready,
)

pytestmark = pytest.mark.django_db
CHARGE: dict[str, Any] = {
    "session_key": "",
    "evse_key": "evse1",
    "token_key": "t1",
    "start_at": IN_OCTOBER,
    "end_at": IN_OCTOBER,
}


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

    def test_no_charge_without_session_is_billed_anew_before_its_credit(self):
        """It is known by its EVSE, token and start."""
        original = store_ready("c1", **CHARGE)
        close_month(IN_OCTOBER)
        finding = hold(store_credit_of(original, "k1"), kind="undelivered_cdr")
        store_ready("c2", **CHARGE, total_energy=Decimal(9), total_cost=Decimal("3.00"))
        assert close_month(IN_NOVEMBER) == []
        Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)

        close_month(IN_DECEMBER)

        assert get_kinds()[1:] == [("2026-12", "K1", "correction"), ("2026-12", "C2", "correction")]

    @pytest.mark.parametrize(
        "other",
        [
            {"evse_key": "evse2"},
            {"token_key": "t2"},
            {"start_at": IN_OCTOBER + timedelta(seconds=1)},
            {"session_key": "s2"},
            {"evse_key": ""},
            {"token_key": ""},
        ],
    )
    def test_another_charge_waits_for_no_credit(self, other):
        original = store_ready("c1", **CHARGE)
        close_month(IN_OCTOBER)
        hold(store_credit_of(original, "k1"), kind="undelivered_cdr")
        store_ready("c2", **(CHARGE | other))

        close_month(IN_NOVEMBER)

        assert get_kinds()[1:] == [("2026-11", "C2", "late")]

    @pytest.mark.parametrize("unknown", [{"evse_key": ""}, {"token_key": ""}, {"start_at": SENTINEL}])
    def test_of_what_says_too_little_nothing_is_known_to_be_the_same(self, unknown):
        original = store_ready("c1", **(CHARGE | unknown))
        close_month(IN_OCTOBER)
        hold(store_credit_of(original, "k1"), kind="undelivered_cdr")
        store_ready("c2", **(CHARGE | unknown))

        close_month(IN_NOVEMBER)

        assert get_kinds()[1:] == [("2026-11", "C2", "late")]

    def test_one_credit_is_enough(self):
        original = store_ready("c1")
        hold(store_credit_of(original, "k1"))
        store_credit_of(original, "k2")
        hold(store_credit_of(original, "k3"), kind="credited_twice")

        close_month()

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K2"]

    def test_a_credit_of_nothing_is_not_settled_in_place_of_the_one_that_follows(self):
        """Its finding was accepted: it takes nothing back, and no energy either."""
        original = store_ready("c1", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        store_credit_of(original, "k1", total_cost=ZERO, total_cost_incl=ZERO)
        assert close_month(IN_NOVEMBER) == []
        store_credit_of(original, "k2")

        close_month(IN_DECEMBER)

        assert get_kinds()[1:] == [("2026-12", "K2", "correction")]

    def test_of_what_cost_nothing_a_credit_of_nothing_is_settled(self):
        store_credit_of(store_ready("c1", total_cost=ZERO, total_cost_incl=ZERO), "k1")

        (statement,) = close_month()

        assert [cdr for _, cdr, _ in get_kinds()] == ["C1", "K1"]
        assert (statement.energy, statement.session_count) == (ZERO, 0)

    def test_a_credit_of_all_goes_before_one_of_a_part_that_was_accepted(self):
        original = store_ready("c1", end_at=IN_OCTOBER)
        close_month(IN_OCTOBER)
        store_credit_of(original, "k1", total_cost=Decimal("-0.01"), total_cost_incl=Decimal("-0.01"))
        store_credit_of(original, "k2")

        close_month(IN_NOVEMBER)

        assert get_kinds()[1:] == [("2026-11", "K2", "correction")]

    def test_a_credit_of_all_after_one_of_a_part_is_said_never_to_be_settled(self):
        """What is left would be given back by nobody, and nobody would hear of it."""
        original = store_ready("c1", end_at=IN_OCTOBER)
        store_credit_of(original, "k1", total_cost=Decimal("-0.01"), total_cost_incl=Decimal("-0.01"))
        close_month(IN_OCTOBER)
        store_credit_of(original, "k2")
        close_month(IN_NOVEMBER)

        finding = Finding.objects.get()
        Finding.objects.update(state="accepted", closed_at=NOW)
        close_month(IN_DECEMBER)

        assert get_kinds() == [("2026-10", "C1", "regular"), ("2026-10", "K1", "regular")]
        assert (finding.kind, finding.cdr_id, finding.token_owner) == ("credit_not_settled", "K2", CONSUMER)
        assert (finding.severity, finding.state, finding.opened_at) == ("hold", "open", NOW)
        assert finding.message.startswith(
            "CDR K2 is never settled: CDR K1, in a closed statement, took back all or part"
        )
        assert Finding.objects.get().state == "accepted"  # once said is enough

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
