"""What time and new CDRs bring to disputes: a reminder, escalation, the credit CDR and its replacement.

One short transaction per dispute; safe to run twice, as every step looks at the row again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from cdrs.models import LIVE, Cdr
from reconciliation.credit import check_credit
from reconciliation.dispute_states import Action, DisputeState
from reconciliation.disputes import HUB, act
from reconciliation.evidence import read_document
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Dispute

REPLACEMENT_PATIENCE = timedelta(days=90)  # how long after its credit a replacement is looked for


def watch(*, now: datetime) -> dict[str, int]:
    """How many disputes were touched, by what."""
    return {
        "credited": _each(Dispute.objects.holding().order_by("id"), lambda dispute: _find_credit(dispute, now=now)),
        "replaced": _each(_get_credited(now=now), lambda dispute: _find_replacement(dispute, now=now)),
        "reminded": _each(_get_soon_due(now=now), lambda dispute: _remind(dispute, now=now)),
        "escalated": _each(_get_overdue(now=now), lambda dispute: _escalate(dispute, now=now)),
    }


def _each(disputes: Iterable[Dispute], work: Callable[[Dispute], bool]) -> int:
    count = 0
    for dispute in disputes:
        try:
            count += work(dispute)
        except NotAllowed:  # somebody was faster
            continue
    return count


def _get_live(dispute: Dispute, which: Q) -> list[Cdr]:
    return list(Cdr.objects.filter(LIVE, which, owner=dispute.owner).order_by("id"))


def _find_credit(dispute: Dispute, *, now: datetime) -> bool:
    key = dispute.cdr_key
    cdrs = _get_live(dispute, Q(object_key=key) | Q(is_credit=True, credit_reference_key=key))
    original = next((cdr for cdr in cdrs if cdr.object_key == key), None)
    credits = [cdr for cdr in cdrs if cdr.is_credit and cdr.credit_reference_key == key]
    if original is None or not credits:
        return False
    problems: list[str] = []
    for credit in credits:
        wrong = check_credit(read_document(original.document), read_document(credit.document))
        if not wrong:
            text = f"Credit CDR {credit.object_id} takes the bill back."
            changes = {"credit_cdr_id": credit.object_id, "credit_problem": ""}
            act(dispute.pk, Action.CREDIT, actor=HUB, text=text, now=now, changes=changes)
            return True
        problems.append(f"CDR {credit.object_id} does not credit it: {'; '.join(wrong)}.")
    return _tell_problem(dispute, " ".join(problems), now=now)


def _tell_problem(dispute: Dispute, problem: str, *, now: datetime) -> bool:
    """Once for each: the CPO must send another."""
    if problem != dispute.credit_problem:
        act(dispute.pk, Action.MESSAGE, actor=HUB, text=problem, now=now, changes={"credit_problem": problem})
    return False


def _get_credited(*, now: datetime) -> Iterable[Dispute]:
    recent = Dispute.objects.filter(state=DisputeState.CREDITED, replacement_cdr_id="").exclude(session_key="")
    return recent.filter(closed_at__gt=now - REPLACEMENT_PATIENCE).order_by("id")


def _find_replacement(dispute: Dispute, *, now: datetime) -> bool:
    cdrs = _get_live(dispute, Q(session_key=dispute.session_key))
    credited = {cdr.credit_reference_key for cdr in cdrs if cdr.is_credit}
    first = next((cdr.id for cdr in cdrs if cdr.object_key == dispute.cdr_key), 0)
    bills = [cdr for cdr in cdrs if not cdr.is_credit and cdr.object_key not in credited and cdr.id > first]
    if not bills:
        return False
    text = f"CDR {bills[0].object_id} bills the session instead."
    changes = {"replacement_cdr_id": bills[0].object_id}
    act(dispute.pk, Action.REPLACE, actor=HUB, text=text, now=now, changes=changes)
    return True


def _get_soon_due(*, now: datetime) -> Iterable[Dispute]:
    until = now + timedelta(days=settings.HUB_DISPUTE_REMIND_DAYS)
    waiting = Dispute.objects.filter(state=DisputeState.OPEN, reminded_at__isnull=True)
    return waiting.filter(due_at__gt=now, due_at__lte=until).order_by("id")


def _remind(dispute: Dispute, *, now: datetime) -> bool:
    text = f"Without an agreement until {dispute.due_at:%Y-%m-%d %H:%M} UTC the hub decides."
    act(dispute.pk, Action.REMIND, actor=HUB, text=text, now=now, changes={"reminded_at": now})
    return True


def _get_overdue(*, now: datetime) -> Iterable[Dispute]:
    return Dispute.objects.filter(state=DisputeState.OPEN, due_at__lte=now).order_by("id")


def _escalate(dispute: Dispute, *, now: datetime) -> bool:
    act(dispute.pk, Action.ESCALATE, actor=HUB, text="The deadline has passed: the hub decides.", now=now)
    return True
