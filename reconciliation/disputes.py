"""What is done to disputes, each in one transaction: the rules decide (`dispute_states`), the row, its history and the
finding it came from follow. Both partners and the hub come through here, whichever way they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from cdrs.models import Cdr
from parties.side_names import Side
from reconciliation.dispute_states import (
    Action,
    DisputeState,
    Outcome,
    check_opening,
    get_outcome,
    is_holding,
    step,
)
from reconciliation.evidence import collect_evidence
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Dispute, DisputeEvidence, Finding, State

FINDING_AFTER = {  # what becomes of the finding that was disputed; what falls is closed once it is credited
    (DisputeState.WITHDRAWN, Outcome.STANDS): State.OPEN,
    (DisputeState.ACCEPTED, Outcome.STANDS): State.ACCEPTED,
    (DisputeState.DECIDED, Outcome.STANDS): State.ACCEPTED,
    (DisputeState.CREDITED, Outcome.FALLS): State.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """For which side somebody acts, and who it is: a token's or a person's name."""

    side: Side
    by: str = ""


HUB = Actor(Side.HUB, "the hub")


def get_days() -> timedelta:
    return timedelta(days=settings.HUB_DISPUTE_DAYS)


def open_dispute(cdr: Cdr, *, actor: Actor, reason: str, now: datetime, finding: Finding | None = None) -> Dispute:
    """
    Raises:
        NotAllowed: this CDR cannot be disputed, or not again, or not from this finding.
    """
    _check_cdr(cdr)
    if finding is not None and (finding.owner, finding.cdr_key) != (cdr.owner, cdr.object_key):
        raise NotAllowed("The finding is about another CDR.")
    try:
        with transaction.atomic():
            return _open(cdr, actor=actor, reason=reason, now=now, finding=finding)
    except IntegrityError as e:  # somebody else was faster
        going_on = Dispute.objects.holding().get(owner=cdr.owner, cdr_key=cdr.object_key)
        raise NotAllowed(
            f"There is a dispute about this CDR already: write into that one, number {going_on.pk}."
        ) from e


def act(
    dispute_id: int,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    text: str = "",
    decided: Outcome = Outcome.NONE,
    changes: dict[str, Any] | None = None,
) -> Dispute:
    """One step; `changes` are columns that the action brings with it.

    Raises:
        NotAllowed: the rules say no, and why.
    """
    with transaction.atomic():
        dispute = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute_id)
        opener = Side(dispute.opener)
        state = step(DisputeState(dispute.state), action, side=actor.side, opener=opener)
        outcome = get_outcome(action, opener=opener, before=Outcome(dispute.outcome), decided=decided)
        if action is Action.DECIDE and outcome is Outcome.NONE:
            raise NotAllowed("Say what becomes of the bill: it stands, or it falls.")
        if action is Action.CREDIT and not dispute.is_holding:
            raise NotAllowed("It was settled that this bill stands: a credit CDR no longer concerns the dispute.")
        _set(dispute, {**(changes or {}), **_follow(dispute, state, outcome, now=now)})
        dispute.entries.create(at=now, side=actor.side, by=actor.by, action=action, text=text)
        _settle_finding(dispute, now=now)
    return dispute


def extend(dispute_id: int, *, due_at: datetime, actor: Actor, text: str, now: datetime) -> Dispute:
    """
    Raises:
        NotAllowed: not by this side, not in this state, or into the past.
    """
    if due_at <= now:
        raise NotAllowed("The new deadline is in the past.")
    changes = {"due_at": due_at, "reminded_at": None}
    words = f"New deadline: {due_at:%Y-%m-%d %H:%M} UTC. {text}".strip()
    return act(dispute_id, Action.EXTEND, actor=actor, text=words, now=now, changes=changes)


def _check_cdr(cdr: Cdr) -> None:
    if cdr.is_credit:
        raise NotAllowed("This is a credit CDR: dispute the CDR that it credits.")
    if cdr.audience or not cdr.is_verified or cdr.deleted_at is not None:
        raise NotAllowed("The hub has not taken this CDR as a bill: there is nothing to dispute.")


def _open(cdr: Cdr, *, actor: Actor, reason: str, now: datetime, finding: Finding | None) -> Dispute:
    # Of two that come at the same moment the second waits here, and then sees the first.
    earlier = Dispute.objects.select_for_update(of=("self",)).filter(owner=cdr.owner, cdr_key=cdr.object_key)
    told = earlier.order_by("id").values_list("pk", "state", "outcome", "opener")
    check_opening(actor.side, earlier={pk: (DisputeState(s), Outcome(o), Side(side)) for pk, s, o, side in told})
    if finding is not None and finding.state != State.DISPUTED:
        finding.judge(State.DISPUTED, note=reason[:255], now=now, side=actor.side, by=actor.by)
    dispute = Dispute.objects.create(
        owner=cdr.owner,
        token_owner=cdr.token_owner,
        cdr_id=cdr.object_id,
        cdr_key=cdr.object_key,
        session_key=cdr.session_key,
        amount=cdr.total_cost,
        currency=cdr.currency,
        finding=finding,
        state=DisputeState.OPEN,
        opener=actor.side,
        reason=reason,
        opened_at=now,
        due_at=now + get_days(),
    )
    dispute.entries.create(at=now, side=actor.side, by=actor.by, action=Action.OPEN, text=reason)
    DisputeEvidence.objects.bulk_create(
        DisputeEvidence(dispute=dispute, kind=one.kind, title=one.title, content=one.content, collected_at=now)
        for one in collect_evidence(cdr)
    )
    return dispute


def _follow(dispute: Dispute, state: DisputeState, outcome: Outcome, *, now: datetime) -> dict[str, Any]:
    """The columns that hang on the state."""
    holds = is_holding(state, outcome)
    columns: dict[str, Any] = {"state": state.value, "outcome": outcome.value, "is_holding": holds}
    if state is DisputeState.ESCALATED and dispute.escalated_at is None:
        columns["escalated_at"] = now
    if state in (DisputeState.ACCEPTED, DisputeState.DECIDED) and holds and dispute.state != state:
        columns["due_at"] = now + get_days()  # the credit CDR is due then
    if not holds and dispute.closed_at is None:
        columns["closed_at"] = now
    return columns


def _set(dispute: Dispute, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(dispute, name, value)
    dispute.save(update_fields=list(columns))


def _settle_finding(dispute: Dispute, *, now: datetime) -> None:
    """A finding that people or the hub have moved on meanwhile is left alone."""
    after = FINDING_AFTER.get((DisputeState(dispute.state), Outcome(dispute.outcome)))
    finding = dispute.finding
    if after is not None and finding is not None and finding.state == State.DISPUTED:
        note = f"dispute {dispute.pk}: {dispute.state}"
        finding.judge(after, note=note, now=now, side=Side.HUB, by=str(dispute), dispute=dispute)
