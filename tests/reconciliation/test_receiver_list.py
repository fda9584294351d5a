"""What an eMSP has in its books beside what its CPOs sent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation.models import Finding
from reconciliation.position import start_over
from reconciliation.receiver_csv import ListRefused, parse
from reconciliation.receiver_list import Compared, Listed, compare_list
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import ENDED, NOW, get_open, store_cdr, store_session

HOUR = timedelta(hours=1)


def listed(key: str = "C1", **figures: object) -> Listed:
    return Listed(**({"owner": "nlcpo", "cdr_id": key} | figures))  # type: ignore[arg-type]


def run(*lines: Listed, now=NOW, receiver: str = "frmsp") -> Compared:
    return compare_list(lines, receiver=receiver, since=ENDED - HOUR, until=ENDED + HOUR, now=now)


@pytest.mark.django_db
class TestCompareList:
    def test_finds_nothing_where_both_agree(self):
        store_cdr("c1")
        told = listed(total_cost=Decimal("4.2"), currency="eur", total_energy=Decimal("12.345"))

        assert run(told) == Compared(sent=1, listed=1, missing_at_receiver=0, unknown_to_cpo=0, differs_at_receiver=0)
        assert get_open() == []

    def test_names_what_is_missing_and_what_is_unknown(self):
        store_cdr("c1")

        compared = run(listed("C2"))

        assert (compared.missing_at_receiver, compared.unknown_to_cpo) == (1, 1)
        assert get_open() == [("missing_at_receiver", "C1"), ("unknown_to_cpo", "C2")]
        assert set(Finding.objects.values_list("owner", "token_owner")) == {("nlcpo", "frmsp")}

    def test_names_figures_that_differ(self):
        store_cdr("c1")

        run(listed("c1", total_cost=Decimal("4.22"), currency="EUR", total_energy=Decimal(12)))

        found = Finding.objects.order_by("path").values_list("path", "expected", "actual")
        assert list(found) == [("/total_cost/excl_vat", "4.2 EUR", "4.22 EUR"), ("/total_energy", "12.345", "12")]

    def test_takes_the_books_of_one_who_rounds(self):
        store_cdr("c1", total_cost=Decimal("0.5050"), total_energy=Decimal("12.3449"))

        run(listed("c1", total_cost=Decimal("0.51"), currency="EUR", total_energy=Decimal("12.345")))

        assert get_open() == []

    def test_names_what_differs_by_more_than_the_tolerance(self, settings):
        settings.HUB_RECONCILE_COST_TOLERANCE = Decimal("0.001")
        settings.HUB_RECONCILE_ENERGY_TOLERANCE = Decimal("0.0001")
        store_cdr("c1")

        run(listed("c1", total_cost=Decimal("4.2011"), currency="EUR", total_energy=Decimal("12.3452")))

        assert get_open() == [("differs_at_receiver", "C1")] * 2

    def test_owes_only_what_was_created_in_that_time_and_not_refused(self):
        store_cdr("c1", last_updated=ENDED + HOUR)
        store_cdr("c2", last_updated=ENDED - 2 * HOUR)
        store_cdr("c3", verdict_code=2001)
        store_cdr("c4", is_verified=False)

        assert run(listed("c1")).sent == 0
        assert get_open() == []

    def test_closes_what_a_later_list_has_right(self):
        store_cdr("c1")
        run()

        run(listed("c1"), now=NOW + HOUR)

        assert get_open() == []
        assert Finding.objects.get().closed_at == NOW + HOUR

    def test_changes_nothing_the_second_time(self):
        store_cdr("c1")
        run(listed("c2"))
        before = list(Finding.objects.order_by("id").values())

        run(listed("c2"), now=NOW + HOUR)

        assert list(Finding.objects.order_by("id").values()) == before

    def test_looks_at_the_cdrs_of_this_receiver_alone(self):
        store_cdr("c1", token_owner="itmsp")

        compared = run(listed("c1"))

        assert (compared.sent, compared.unknown_to_cpo) == (0, 1)
        assert not Finding.objects.filter(token_owner="itmsp").exists()

    def test_stands_beside_the_comparison_with_the_session(self):
        store_session()
        store_cdr("c1")
        run()

        reconcile_pending(now=NOW)
        start_over()
        reconcile_pending(now=NOW + HOUR)

        assert get_open() == [("missing_at_receiver", "C1")]


class TestParse:
    def test_reads_amounts_as_decimals(self):
        text = "\ufeffowner,id,total_cost,currency,total_energy\nNL*CPO,C1,4.20,EUR,12.345\nnlcpo,c2,,,\n"

        assert parse(text) == [
            listed("C1", total_cost=Decimal("4.20"), currency="EUR", total_energy=Decimal("12.345")),
            listed("c2"),
        ]

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("NL*CPO,,,,", "id"),
            (f"NL*CPO,{'C' * 40},,,", "id"),
            ("nobody at all,C1,,,", "not a party"),
            ("NL*CPO,C1,4.2,,", "go together"),
            ("NL*CPO,C1,,EUR,", "go together"),
            ("NL*CPO,C1,4e2,EUR,", "total_cost"),
            ("NL*CPO,C1,NaN,EUR,", "total_cost"),
            ("NL*CPO,C1,4.2,EURO,", "currency"),
            ("NL*CPO,C1,,,1.2345678", "total_energy"),
            ('NL*CPO,C1,"4,2",EUR,', "total_cost"),
            ("NL*CPO,C1,4,2,EUR,", "cells"),
        ],
    )
    def test_refuses_a_line_by_its_number(self, line, why):
        with pytest.raises(ListRefused) as refused:
            parse(f"owner,id,total_cost,currency,total_energy\nNL*CPO,C0,,,\n{line}\n")

        assert list(refused.value.by_line) == [3]
        assert why in refused.value.by_line[3]

    def test_refuses_a_cdr_that_is_listed_twice(self):
        with pytest.raises(ListRefused, match="line 3: id: 'c1' is listed twice"):
            parse("owner,id\nNL*CPO,C1\nNL*CPO,c1\n")

    @pytest.mark.parametrize("heading", ["", "owner", "id,owner,price"])
    def test_refuses_another_heading(self, heading):
        with pytest.raises(ListRefused, match="line 1: the columns are owner, id"):
            parse(f"{heading}\n")

    @pytest.mark.parametrize("heading", ['"owner"x,id', '"owner', f"owner,{'x' * 200_000}"])
    def test_refuses_a_heading_that_is_no_csv(self, heading):
        with pytest.raises(ListRefused) as refused:
            parse(f"{heading}\n")

        assert list(refused.value.by_line) == [1]
