"""The set-based statement and `compare` give the same verdicts over random data, also when it arrives in two halves."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdrs.models import Cdr
from charging_sessions.models import Session
from reconciliation.compare import CdrFacts, Fault, SessionFacts, Thresholds, Total, compare
from reconciliation.models import CdrClock, Finding
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import ARRIVED, ENDED, NOW, STARTED, cdr_columns, session_columns

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


DUE = {"nlcpo": timedelta(minutes=30), "decpo": timedelta(hours=2)}


@pytest.fixture(params=["each", "sieved"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Every CDR of a range is judged, or those alone that the sieve keeps."""
    if request.param == "sieved":
        monkeypatch.setattr("reconciliation.sieve.LONG", 0)
    settings.HUB_CDR_DUE = DUE["nlcpo"].total_seconds()
    CdrClock.objects.create(owner="decpo", due_after=DUE["decpo"], changed_at=NOW)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", range(12))
def test_sql_and_python_agree(seed: int) -> None:
    choose = random.Random(seed)
    cdrs = [Cdr(**_random_cdr(choose, number)) for number in range(150)]
    sessions = [Session(**_random_session(choose, number)) for number in range(60)]

    _store_and_reconcile(cdrs[::2], sessions[::2], now=NOW)
    late = NOW + timedelta(seconds=1)
    for session in sessions[:20:2]:
        session.kwh, session.changed_at = _vary(choose, "12.345"), late
        session.save()
    for changed in (*sessions[1::2], *cdrs[1::2]):
        changed.changed_at = late
    _store_and_reconcile(cdrs[1::2], sessions[1::2], now=LATER)

    opened = Finding.objects.filter(state="open")
    columns = ("cdr_id", "owner", "kind", "severity", "path", "expected", "actual", "message")
    found, demanded = sorted(opened.values_list(*columns)), sorted(_judge_all(LATER))
    assert set(found) ^ set(demanded) == set()
    assert found == demanded
    assert opened.exists()
    before = list(Finding.objects.order_by("id").values())
    reconcile_pending(now=LATER + timedelta(hours=1))
    assert list(Finding.objects.order_by("id").values()) == before


def _store_and_reconcile(cdrs: list[Cdr], sessions: list[Session], *, now: Any) -> None:
    Session.objects.bulk_create(sessions)
    Cdr.objects.bulk_create(cdrs)
    reconcile_pending(now=now)


def _vary(choose: random.Random, usual: str) -> Decimal:
    exact = Decimal(usual)
    steps = ["0", "0", "0", "0.001", "0.001001", "-0.001", "-0.5", "0.01", "0.010001", "100", "-12.345"]
    return exact + Decimal(choose.choice(steps))


def _vary_time(choose: random.Random, usual: Any) -> Any:
    return usual + timedelta(seconds=choose.choice([0, 0, 0, 60, 61, -60, -61, 3600]))


def _random_session(choose: random.Random, number: int) -> dict[str, Any]:
    return session_columns(
        f"s{number // 2}",
        owner=("nlcpo", "decpo")[number % 2],
        status=choose.choice(["COMPLETED"] * 6 + ["ACTIVE", "INVALID"]),
        token_owner=choose.choice(["frmsp"] * 5 + ["itmsp"]),
        kwh=choose.choice([_vary(choose, "12.345"), None]),
        total_cost=choose.choice([_vary(choose, "4.20"), None]),
        currency=choose.choice(["EUR", "EUR", "eur", "CHF"]),
        start_at=_vary_time(choose, STARTED),
        end_at=choose.choice([_vary_time(choose, ENDED), None]),
        is_verified=choose.random() > 0.1,
        deleted_at=choose.choice([None] * 9 + [NOW]),
    )


def _random_cdr(choose: random.Random, number: int) -> dict[str, Any]:
    is_credit = choose.random() < 0.25
    start = _vary_time(choose, STARTED) + choose.choice([0, 0, 1, 2]) * timedelta(minutes=50)
    received = choose.choice([ARRIVED, ENDED + timedelta(minutes=10)])
    return cdr_columns(
        f"c{number}",
        owner=choose.choice(["nlcpo", "decpo"]),
        session_key=choose.choice(["", *(f"s{each}" for each in range(35))]),
        token_owner=choose.choice(["frmsp"] * 5 + ["itmsp"]),
        total_energy=choose.choice([_vary(choose, "12.345"), Decimal("12.345")]),
        total_cost=choose.choice([_vary(choose, "4.20"), Decimal("-4.20") if is_credit else Decimal("4.20")]),
        total_cost_incl=choose.choice([None, Decimal("-5.08") if is_credit else Decimal("5.08")]),
        currency=choose.choice(["EUR", "EUR", "EUR", "CHF"]),
        start_at=start,
        end_at=choose.choice([_vary_time(choose, ENDED), start + timedelta(minutes=choose.choice([0, 1, 2, 40]))]),
        evse_key=choose.choice(["", *(f"e{each}" for each in range(20))]),
        token_key=choose.choice(["t1", "t1", "t2"]),
        received_at=received,
        is_credit=is_credit,
        credit_reference_key=f"c{choose.randrange(165)}" if is_credit else "",
        is_verified=choose.random() > 0.1,
        verdict_code=choose.choice([None, 1000, 1000, 1001, 1999, 2000, 2001, 4003]),
        deleted_at=choose.choice([None] * 19 + [NOW]),
    )


def _judge_all(now: Any) -> list[tuple[str, ...]]:
    live = [cdr for cdr in Cdr.objects.order_by("id") if cdr.is_verified and cdr.deleted_at is None]
    sessions = {
        (session.owner, session.object_key): session
        for session in Session.objects.filter(is_verified=True, deleted_at=None)
    }
    found: list[tuple[str, ...]] = []
    for cdr in live:
        session = sessions.get((cdr.owner, cdr.session_key))
        for fault in _judge(cdr, session, live=live, now=now):
            words = (fault.kind, fault.severity, fault.path, fault.expected, fault.actual, fault.message)
            found.append((cdr.object_id, cdr.owner, *words))
    return found


def _judge(cdr: Cdr, session: Session | None, *, live: list[Cdr], now: Any) -> tuple[Fault, ...]:
    own = [each for each in live if each.owner == cdr.owner]
    credits = [each for each in own if each.is_credit]
    credited = {
        each.object_key
        for each in own
        for credit in credits
        if credit.credit_reference_key == each.object_key and _takes_back(credit, each)
    }
    bills = [each for each in own if not each.is_credit and each.object_key not in credited and each.id < cdr.id]
    others = [each for each in bills if not _is_same_session(each, cdr)] if cdr.evse_key else []
    named = next((each for each in own if each.object_key == cdr.credit_reference_key and each != cdr), None)
    original = named if named and not named.is_credit else None
    facts = CdrFacts(
        cdr_id=cdr.object_id,
        token_owner=cdr.token_owner,
        session_key=cdr.session_key,
        start_at=cdr.start_at,
        end_at=cdr.end_at,
        total_energy=cdr.total_energy,
        total_cost=cdr.total_cost,
        total_cost_incl=cdr.total_cost_incl,
        currency=cdr.currency,
        is_credit=cdr.is_credit,
        is_credited=cdr.object_key in credited,
        verdict_code=cdr.verdict_code,
        is_overdue=cdr.received_at <= now - Thresholds().grace,
        received_at=cdr.received_at,
        due_at=cdr.end_at + DUE[cdr.owner] if cdr.end_at else None,
        earlier_cdr_id=_first(each for each in bills if _is_same_session(each, cdr)),
        same_charge_cdr_id=_first(each for each in others if _is_same_charge(each, cdr)),
        overlapping_cdr_id=_first(each for each in others if not _is_same_charge(each, cdr) and _overlap(each, cdr)),
        reference_key=cdr.credit_reference_key,
        original=_total(original) if original else None,
        original_token_owner=original.token_owner if original else "",
        credited_credit_id=named.object_id if cdr.is_credit and named and named.is_credit else None,
        earlier_credit_id=_first(
            each
            for each in credits
            if each.credit_reference_key == cdr.credit_reference_key
            and each.id < cdr.id
            and original
            and _takes_back(each, original)
        ),
    )
    return compare(facts, _as_facts(session) if session else None, thresholds=Thresholds())


def _takes_back(credit: Cdr, original: Cdr) -> bool:
    return _total(credit).is_mirror_of(_total(original)) and credit.token_owner == original.token_owner


def _total(cdr: Cdr) -> Total:
    return Total(cdr.total_cost, cdr.total_cost_incl, cdr.currency)


def _first(cdrs: Iterable[Cdr]) -> str | None:
    return next((each.object_id for each in cdrs), None)


def _is_same_session(one: Cdr, other: Cdr) -> bool:
    return one.session_key == other.session_key != ""


def _is_same_charge(one: Cdr, other: Cdr) -> bool:
    is_alike = one.total_energy == other.total_energy or not (one.session_key and other.session_key)
    return is_alike and _get_charge(one) == _get_charge(other)


def _get_charge(cdr: Cdr) -> tuple[Any, ...]:
    return cdr.evse_key, cdr.token_key, cdr.start_at


def _overlap(one: Cdr, other: Cdr) -> bool:
    slack = Thresholds().time
    assert one.start_at is not None
    assert one.end_at is not None
    assert other.start_at is not None
    assert other.end_at is not None
    together = one.start_at < other.end_at - slack and other.start_at + slack < one.end_at
    return one.evse_key == other.evse_key and together


def _as_facts(session: Session) -> SessionFacts:
    return SessionFacts(
        session_id=session.object_id,
        token_owner=session.token_owner,
        status=session.status,
        start_at=session.start_at,
        end_at=session.end_at,
        kwh=session.kwh,
        total_cost=session.total_cost,
        currency=session.currency,
        received_at=session.received_at,
    )
