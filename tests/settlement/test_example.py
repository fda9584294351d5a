"""The worked example of docs/settlement.md."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.holds import HOLDING_SEVERITIES
from reconciliation.models import Finding
from settlement.due import settle
from settlement.models import FeeLine, Statement
from tests.settlement.settled import (
    IN_DECEMBER,
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    make_domestic,
    make_terms,
    month_of,
    store_credit_of,
    store_ready,
)

pytestmark = pytest.mark.django_db
HOLDS = min(severity.value for severity in HOLDING_SEVERITIES)


def table(statement: Statement) -> list[tuple[str, str, str, str, str]]:
    lines = [
        (line.cdr_id_text, line.kind, f"{line.net:.2f}", f"{line.vat:.2f}", f"{line.gross:.2f}")
        for line in statement.lines.order_by("position")
    ]
    return [*lines, (str(statement), "", f"{statement.net:.2f}", f"{statement.vat:.2f}", f"{statement.gross:.2f}")]


def test_the_example_adds_up_to_the_cent():
    make_domestic()
    make_terms(valid_from=IN_OCTOBER, fee_per_session=Decimal("0.25"), fee_percentage=Decimal(2)).save()
    c1 = store_ready("c1", total_cost=Decimal("4.2000"), total_cost_incl=Decimal("5.0820"))
    store_ready("c2", total_cost=Decimal("0.5050"), total_cost_incl=Decimal("0.6111"))
    store_ready("c3", total_cost=Decimal("12.3456"), total_cost_incl=Decimal("14.9382"))
    store_ready("c4", total_cost=Decimal("3.0000"), total_cost_incl=Decimal("3.2700"))
    finding = Finding.objects.create(
        kind="energy_differs", severity=HOLDS, owner="nlcpo", cdr_key="c3", cdr_id="C3", opened_at=IN_NOVEMBER
    )

    settle(None, until=month_of(IN_NOVEMBER).end, now=NOW)
    Finding.objects.filter(pk=finding.pk).update(state="accepted", closed_at=NOW)
    store_credit_of(c1, "k1")
    store_ready(
        "c5",
        session_key=c1.session_key,
        end_at=IN_DECEMBER,
        total_cost=Decimal("4.00"),
        total_cost_incl=Decimal("4.84"),
    )
    settle(None, until=month_of(IN_DECEMBER).end, now=NOW)

    november, december = Statement.objects.filter(kind="cdr").order_by("period_end")
    assert table(november) == [
        ("C1", "regular", "4.20", "0.88", "5.08"),
        ("C2", "regular", "0.51", "0.10", "0.61"),
        ("C4", "regular", "3.00", "0.27", "3.27"),
        ("NLCPO-FRMSP-NL-EUR-2026-11", "", "7.71", "1.25", "8.96"),
    ]
    assert november.implausible_vat_count == 1
    assert table(december) == [
        ("C3", "late", "12.35", "2.59", "14.94"),
        ("K1", "correction", "-4.20", "-0.88", "-5.08"),
        ("C5", "correction", "4.00", "0.84", "4.84"),
        ("NLCPO-FRMSP-NL-EUR-2026-12", "", "12.15", "2.55", "14.70"),
    ]
    assert {line.corrects for line in december.lines.filter(kind="correction")} == {november}
    fees = FeeLine.objects.order_by("last_day", "rule")
    assert [(line.rule, f"{line.quantity.normalize():f}", f"{line.net:.2f}") for line in fees] == [
        ("per_session", "3", "0.75"),
        ("percentage", "7.71", "0.15"),
        ("per_session", "1", "0.25"),
        ("percentage", "12.15", "0.24"),
    ]
