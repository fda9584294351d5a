"""Finding: one difference between what was delivered and what was billed. Data is never corrected by it (CDR-18)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import Q

from parties.side_names import Side
from parties.sides import Sides
from reconciliation.compare import Kind, Severity
from reconciliation.dispute import Dispute as Dispute
from reconciliation.dispute import DisputeEntry as DisputeEntry
from reconciliation.dispute import DisputeEvidence as DisputeEvidence
from reconciliation.finding_life import NotAllowed, check_judgement


class State(models.TextChoices):
    """`explained` is the hub's own word: the difference has gone. The other three closed words are people's."""

    OPEN = "open"
    EXPLAINED = "explained"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    CLOSED = "closed"


class FindingQuerySet(models.QuerySet["Finding"]):
    def for_parties(self, sides: Sides) -> Self:
        """Those that concern a bill of these parties, or one to them. Every query of a partner starts here."""
        return self.filter(sides.match())


class Finding(models.Model):
    """One row per fault, however often it is looked at: a repeated run meets the unique constraint.

    A fault that has gone and comes back opens the same row again. Keys are lower case; ids are as they were written.
    """

    kind = models.CharField(max_length=32, choices=[(kind.value, kind.value) for kind in Kind])
    severity = models.CharField(max_length=8, choices=[(severity.value, severity.value) for severity in Severity])
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    owner = models.CharField(max_length=5, db_collation="C")
    token_owner = models.CharField(max_length=5, default="", blank=True, db_collation="C")
    cdr_id = models.CharField(max_length=64, default="", blank=True)  # "" where there is no CDR
    cdr_key = models.CharField(max_length=64, default="", blank=True, db_collation="C")
    session_id = models.CharField(max_length=64, default="", blank=True)
    session_key = models.CharField(max_length=64, default="", blank=True, db_collation="C")
    path = models.CharField(max_length=64, default="", blank=True)  # JSON pointer into the CDR, or into the session
    expected = models.TextField(default="", blank=True)
    actual = models.TextField(default="", blank=True)
    message = models.TextField(default="", blank=True)
    note = models.CharField(max_length=255, default="", db_default="", blank=True)  # of the people who judged it
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "cdr_key", "session_key", "kind", "path"], name="finding_once"),
            models.CheckConstraint(
                name="finding_closed_at",
                condition=Q(state__in=["open", "disputed"], closed_at__isnull=True)
                | Q(state__in=["explained", "accepted", "closed"], closed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "session_key"], name="finding_open_session", condition=Q(state="open")),
            models.Index(fields=["token_owner", "id"], name="finding_token_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.owner} {self.cdr_id or self.session_id}"

    # Mutators

    @transaction.atomic
    def judge(
        self,
        state: State,
        *,
        note: str,
        now: datetime,
        side: Side = Side.HUB,
        by: str = "",
        dispute: Dispute | None = None,
    ) -> None:
        """What people decided about it; the documents themselves stay as they are (CDR-18).

        Raises:
            NotAllowed: it cannot become this from what it is, or a dispute about it is going on (but for `dispute`).
        """
        check_judgement(self.state, state)
        others = self.disputes.holding() if dispute is None else self.disputes.holding().exclude(pk=dispute.pk)
        if others.exists():
            raise NotAllowed("A dispute about this finding is going on: it is settled there.")
        closed_at = None if state in (State.OPEN, State.DISPUTED) else now
        changed = Finding.objects.filter(pk=self.pk, state=self.state)
        if not changed.update(state=state, note=note, closed_at=closed_at):
            raise NotAllowed("The finding was changed meanwhile: look at it again.")
        self._note(state, note=note, now=now, side=side, by=by)
        self.state, self.note, self.closed_at = state, note, closed_at

    @transaction.atomic
    def explain(self, *, note: str, now: datetime, side: Side, by: str) -> None:
        """What one side says how it came about. It decides nothing: the other side accepts it, or the hub closes it."""
        self._note(State(self.state), note=note, now=now, side=side, by=by)
        Finding.objects.filter(pk=self.pk).update(note=note)
        self.note = note

    def _note(self, state: State, *, note: str, now: datetime, side: Side, by: str) -> None:
        self.events.create(at=now, side=side, by=by, before=self.state, after=state, note=note)


class FindingEvent(models.Model):
    """What people did about a finding, never changed. The hub's own part is `opened_at`, `closed_at`, `explained`."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    side = models.CharField(max_length=4, choices=[(side.value, side.label) for side in Side])
    by = models.CharField(max_length=150, default="", blank=True)
    before = models.CharField(max_length=10, choices=State.choices)
    after = models.CharField(max_length=10, choices=State.choices)
    note = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.side}: {self.before} → {self.after}"


class Sweep(models.Model):
    """How far a sweep over sessions has come, so that the next looks only at what changed since."""

    name = models.CharField(max_length=32, primary_key=True)
    reached_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
