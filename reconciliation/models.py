"""Finding: one difference between what was delivered and what was billed. Data is never corrected by it (CDR-18)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from cdrs.models import Cdr
from ocpi.calls import PartyId
from parties.display import show_party
from parties.side_names import Side
from parties.sides import Sides
from parties.spelling import say_value
from reconciliation.checks import NAMES_OTHER_CDR
from reconciliation.dispute import Dispute as Dispute
from reconciliation.dispute import DisputeEntry as DisputeEntry
from reconciliation.dispute import DisputeEvidence as DisputeEvidence
from reconciliation.finding_life import NotAllowed, check_judgement
from reconciliation.kinds import get_kinds
from tariffs.pricing import Severity, Verdict


class State(models.TextChoices):
    """`explained` is the hub's own word: the difference has gone. The other three closed words are people's."""

    OPEN = "open"
    EXPLAINED = "explained"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    CLOSED = "closed"


class FindingQuerySet(models.QuerySet["Finding"]):
    def for_parties(self, sides: Sides) -> Self:
        """Those that concern a bill of these parties, or one to them. Every query of a partner starts here.

        `names_strangers_cdr`: the other CDR of the finding bills none of them, and was sent by none.
        """
        other = Cdr.objects.filter(owner=OuterRef("owner"), object_key=Lower(OuterRef("expected")))
        is_theirs = Q(owner__in=sorted(sides.owners)) | Exists(other.filter(token_owner__in=sorted(sides.token_owners)))
        naming = Q(kind__in=sorted(NAMES_OTHER_CDR))
        return self.filter(sides.match()).annotate(names_strangers_cdr=naming & ~is_theirs)


class Finding(models.Model):
    """One row per fault, however often it is looked at: a repeated run meets the unique constraint.

    A fault that has gone and comes back opens the same row again. Keys are lower case; ids are as they were written.
    """

    kind = models.CharField(max_length=48, choices=get_kinds)
    severity = models.CharField(max_length=8, choices=[(severity.value, severity.value) for severity in Severity])
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    owner = models.CharField(max_length=5, db_collation="C")
    token_owner = models.CharField(max_length=5, default="", blank=True, db_collation="C")
    cdr_id = models.CharField(max_length=64, default="", blank=True)  # "" where there is no CDR
    cdr_key = models.CharField(max_length=64, default="", blank=True, db_collation="C")
    session_id = models.CharField(max_length=64, default="", blank=True)
    session_key = models.CharField(max_length=64, default="", blank=True, db_collation="C")
    path = models.CharField(max_length=255, default="", blank=True)  # JSON pointer into the CDR, or into the session
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
            models.Index(
                fields=["owner", "expected"],
                name="finding_names_cdr",
                condition=Q(state="open", kind__in=sorted(NAMES_OTHER_CDR)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {show_party(self.owner)} {self.cdr_id or self.session_id}"

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


class Rating(models.Model):
    """What CDR control says of one CDR: the latest judgement, one row each; why, is worked out again when asked.

    Amounts are None where they cannot be known. `policy` names the terms it was judged by (cdrs/control/terms.py).
    """

    owner = models.CharField(max_length=5, db_collation="C")
    cdr_key = models.CharField(max_length=64, db_collation="C")
    verdict = models.CharField(max_length=20, choices=[(one.value, say_value(one.value)) for one in Verdict])
    engine_version = models.CharField(max_length=8)
    policy = models.CharField(max_length=20)
    computed_excl_vat = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    computed_incl_vat = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    claimed_excl_vat = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    claimed_incl_vat = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    changed_at = models.DateTimeField()  # of the CDR: the body that was judged
    rated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "cdr_key"], name="rating_once")]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} {show_party(self.owner)} {self.cdr_key}"


class Sweep(models.Model):
    """How far one look at rows has come, in the order in which they changed: `id` tells apart those of one moment."""

    name = models.CharField(max_length=32, primary_key=True)
    reached_at = models.DateTimeField(null=True)
    reached_id = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.name

    # Factories

    @classmethod
    def lock(cls, name: str) -> Sweep | None:
        """For this transaction alone; None while another worker is at it."""
        Sweep.objects.bulk_create([Sweep(name=name)], ignore_conflicts=True)
        return Sweep.objects.select_for_update(skip_locked=True).filter(name=name).first()


class CdrClock(models.Model):
    """When the CDRs of one CPO are due, where it is not the hub's `HUB_CDR_DUE`."""

    owner = models.CharField(max_length=5, unique=True, db_collation="C")
    due_after = models.DurationField(help_text="From the end of a session until its CDR is due.")
    pulls_per_day = models.PositiveSmallIntegerField(
        default=4, help_text="How often a day at most the hub asks for CDRs that are overdue; 0: never."
    )
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "CDR clock"
        verbose_name_plural = "CDR clocks"

    def __str__(self) -> str:
        return f"{show_party(self.owner)}: {self.due_after}"

    # Factories

    @classmethod
    def set(cls, party: PartyId, *, due_after: timedelta, pulls_per_day: int, now: datetime) -> CdrClock:
        columns = {"due_after": due_after, "pulls_per_day": pulls_per_day, "changed_at": now}
        return cls.objects.update_or_create(owner=party.key, defaults=columns)[0]
