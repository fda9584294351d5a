from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.checks import CHECKS, FOUND_ELSEWHERE, NAMES_OTHER_CDR, Kind
from reconciliation.compare import CdrFacts, SessionFacts, Thresholds, Total, compare

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
END = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CDR = CdrFacts(
    cdr_id="C1",
    token_owner="frmsp",
    session_key="s1",
    start_at=START,
    end_at=END,
    total_energy=Decimal("12.345"),
    total_cost=Decimal("4.20"),
    currency="EUR",
)
SESSION = SessionFacts(
    session_id="S1",
    token_owner="frmsp",
    status="COMPLETED",
    start_at=START,
    end_at=END,
    kwh=Decimal("12.345"),
    total_cost=Decimal("4.20"),
    currency="EUR",
)
THRESHOLDS = Thresholds()


def test_nothing_is_wrong_with_a_cdr_that_agrees() -> None:
    assert compare(CDR, SESSION, thresholds=THRESHOLDS) == ()


@pytest.mark.parametrize(
    ("cdr", "session", "kinds"),
    [
        ({"total_energy": Decimal("12.346")}, {}, []),  # within the tolerance
        ({"total_energy": Decimal("12.346001")}, {}, [Kind.ENERGY_DIFFERS]),
        ({"total_energy": Decimal("12.343999")}, {}, [Kind.ENERGY_DIFFERS]),
        ({}, {"kwh": None}, []),
        ({"total_cost": Decimal("4.21")}, {}, []),
        ({"total_cost": Decimal("4.22")}, {}, [Kind.COST_DIFFERS]),
        ({}, {"total_cost": None}, []),  # SESS-15: no price information
        ({}, {"total_cost": Decimal(0)}, [Kind.COST_DIFFERS]),  # SESS-15: free
        ({"currency": "CHF"}, {}, [Kind.CURRENCY_DIFFERS]),
        ({"currency": "CHF", "total_cost": Decimal(9)}, {}, [Kind.CURRENCY_DIFFERS]),  # amounts do not compare
        ({"currency": "eur"}, {}, []),
        ({"start_at": START + timedelta(seconds=60)}, {}, []),
        ({"start_at": START + timedelta(seconds=61)}, {}, [Kind.TIME_DIFFERS]),
        ({"end_at": END - timedelta(seconds=61)}, {}, [Kind.TIME_DIFFERS]),
        ({}, {"end_at": None}, []),
        ({"token_owner": "itmsp"}, {}, [Kind.TOKEN_OWNER_DIFFERS]),
        ({}, {"status": "INVALID"}, [Kind.SESSION_INVALID]),  # SESS-08
        ({"earlier_cdr_id": "C0"}, {}, [Kind.SESSION_BILLED_TWICE]),
        ({"total_energy": Decimal(99), "is_credit": True}, {}, []),
        ({"total_energy": Decimal(99), "is_credited": True}, {}, []),
        ({"same_charge_cdr_id": "C0"}, {}, [Kind.CHARGE_BILLED_TWICE]),
        ({"overlapping_cdr_id": "C0"}, {}, [Kind.OVERLAPS_OTHER_CDR]),
        ({"overlapping_cdr_id": "C0", "is_credited": True}, {}, []),
        ({"due_at": END, "received_at": END + timedelta(seconds=1)}, {"received_at": START}, [Kind.CDR_LATE]),
        ({"due_at": END, "received_at": END}, {"received_at": START}, []),
        ({"due_at": END, "received_at": END + timedelta(seconds=1)}, {"received_at": END + timedelta(seconds=1)}, []),
    ],
)
def test_each_difference_has_its_name(cdr: dict[str, Any], session: dict[str, Any], kinds: list[Kind]) -> None:
    faults = compare(replace(CDR, **cdr), replace(SESSION, **session), thresholds=THRESHOLDS)

    assert [fault.kind for fault in faults] == kinds


@pytest.mark.parametrize(
    ("cdr", "kinds"),
    [
        ({}, []),  # the session may still come
        ({"is_overdue": True}, [Kind.CDR_WITHOUT_SESSION]),
        ({"session_key": ""}, [Kind.SESSION_ID_MISSING]),  # CDR-14
        ({"session_key": "", "is_overdue": True}, [Kind.SESSION_ID_MISSING]),
    ],
)
def test_a_cdr_without_its_session(cdr: dict[str, Any], kinds: list[Kind]) -> None:
    faults = compare(replace(CDR, **cdr), None, thresholds=THRESHOLDS)

    assert [fault.kind for fault in faults] == kinds


ORIGINAL = Total(Decimal("4.20"), Decimal("5.08"), "EUR")


@pytest.mark.parametrize(
    ("credit", "kinds"),
    [
        ({"original": ORIGINAL}, []),
        ({"original": ORIGINAL, "currency": "eur"}, []),
        (
            {"original": ORIGINAL, "total_cost": Decimal("-4.2001")},
            [Kind.CREDIT_TOTAL_NOT_MIRROR],
        ),  # to the cent, exact
        ({"original": ORIGINAL, "total_cost_incl": Decimal("-5.0801")}, [Kind.CREDIT_TOTAL_NOT_MIRROR]),
        ({"original": ORIGINAL, "total_cost_incl": None}, [Kind.CREDIT_TOTAL_NOT_MIRROR]),
        ({"original": ORIGINAL, "currency": "CHF"}, [Kind.CREDIT_TOTAL_NOT_MIRROR]),
        ({"original": ORIGINAL, "original_token_owner": "itmsp"}, [Kind.CREDIT_TOKEN_OWNER_DIFFERS]),
        ({"credited_credit_id": "C1-C"}, [Kind.CREDIT_OF_CREDIT]),
        ({"credited_credit_id": "C1-C", "is_overdue": True}, [Kind.CREDIT_OF_CREDIT]),
        ({"original": None}, []),  # it may still come
        ({"original": None, "is_overdue": True}, [Kind.CREDIT_REFERENCE_UNKNOWN]),
        ({"original": ORIGINAL, "earlier_credit_id": "C1-C"}, [Kind.CREDITED_TWICE]),
    ],
)
def test_a_credit_takes_back_what_there_is(credit: dict[str, Any], kinds: list[Kind]) -> None:
    """CDR-06."""
    mirror = {"total_cost": Decimal("-4.20"), "total_cost_incl": Decimal("-5.08"), "original_token_owner": "frmsp"}
    facts: dict[str, Any] = {"is_credit": True, "reference_key": "c1"} | mirror | credit

    faults = compare(replace(CDR, **facts), SESSION, thresholds=THRESHOLDS)

    assert [fault.kind for fault in faults] == kinds


def test_kinds_that_name_another_cdr_expect_it_to_be_the_only_one() -> None:
    """Their `expected` is its id: findings are found by it."""
    named = {"earlier_cdr_id": "X", "same_charge_cdr_id": "X", "overlapping_cdr_id": "X"}
    bill = compare(replace(CDR, **named), SESSION, thresholds=THRESHOLDS)  # type: ignore[arg-type]
    facts: dict[str, Any] = {"original": ORIGINAL, "original_token_owner": "frmsp", "earlier_credit_id": "X"}
    credit = replace(CDR, is_credit=True, total_cost=Decimal("-4.20"), **facts)
    faults = [*bill, *compare(credit, SESSION, thresholds=THRESHOLDS)]

    assert {fault.kind for fault in faults if fault.expected == "X"} == NAMES_OTHER_CDR
    assert not NAMES_OTHER_CDR & FOUND_ELSEWHERE


def test_a_fault_says_what_it_is_in_plain_words() -> None:
    (fault,) = compare(replace(CDR, total_energy=Decimal("13.500000")), SESSION, thresholds=THRESHOLDS)

    assert fault.message == "CDR C1 bills 13.5 kWh, session S1 delivered 12.345 kWh."
    assert (fault.path, fault.expected, fault.actual) == ("/total_energy", "12.345", "13.5")


def test_every_kind_has_words() -> None:
    assert {check.kind for check in CHECKS} == set(Kind)
