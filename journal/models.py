"""What happened (CallLog), what must be told (Event) and asked (PullRequest). Platform ids only: nothing points upward.

Both logs are partitioned by day and written by `journal.writer`, not through these models, which serve reading.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ocpi.calls import PartyId


class Event(models.Model):
    """Append-only. Ids become visible in their own order (the writer's advisory lock), so a cursor never skips one."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.BigIntegerField()
    at = models.DateTimeField()
    module = models.CharField(max_length=32)
    method = models.CharField(max_length=8)
    path = models.TextField()
    query = models.TextField(default="")
    body = models.TextField(default="")
    object_key = models.TextField()
    sublane = models.SmallIntegerField()
    sender = models.CharField(max_length=5, default="")
    sender_role = models.CharField(max_length=8, default="")
    origin = models.BigIntegerField(null=True)
    receiver = models.CharField(max_length=5, default="")
    supersedes = models.BooleanField(default=False)
    correlation_id = models.TextField(default="")
    version = models.CharField(max_length=8, default="2.2.1")
    was_sent = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "journal_event"

    def __str__(self) -> str:
        return f"{self.id} {self.method} {self.module}/{self.path}"


class CallLog(models.Model):
    """One row per call in or out; refusals too. The field list is `journal.rows.NewLogRow`."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.BigIntegerField()
    at = models.DateTimeField()
    leg = models.CharField(max_length=3)
    platform = models.BigIntegerField(null=True)
    module = models.CharField(max_length=32)
    interface = models.CharField(max_length=8)
    method = models.CharField(max_length=8)
    object_id = models.TextField(default="")
    sender = models.CharField(max_length=5, default="")
    receiver = models.CharField(max_length=5, default="")
    request_id = models.TextField(default="")
    correlation_id = models.TextField(default="")
    decision = models.CharField(max_length=12, default="")
    http_status = models.SmallIntegerField(null=True)
    status_code = models.IntegerField(null=True)
    message = models.TextField(default="")
    duration_ms = models.IntegerField(null=True)
    attempt = models.SmallIntegerField(default=1)
    repeat = models.BooleanField(default=False)
    event = models.BigIntegerField(null=True)
    size = models.IntegerField(default=0)

    class Meta:
        managed = False
        db_table = "journal_calllog"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.leg} {self.method} {self.module} {self.status_code}"


class Alias(models.Model):
    """A hub URL in place of a partner's. See `journal.rows.NewAlias`."""

    token = models.CharField(max_length=43, primary_key=True)
    kind = models.CharField(max_length=12)
    user = models.BigIntegerField()
    party = models.CharField(max_length=5)
    target = models.BigIntegerField(null=True)
    target_party = models.CharField(max_length=5)
    module = models.CharField(max_length=32)
    interface = models.CharField(max_length=8)
    url = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "aliases"
        indexes = [models.Index(fields=["created_at"], condition=Q(kind="response_url"), name="alias_of_result")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.party} to {self.target_party}"


class PullRequest(models.Model):
    """One list of one party that the hub reads for itself: asked for by staff, by the clock, or after an outage.

    The row is its own progress report. It is leased like a lane: `fence` grows with every lease, and only its holder
    writes to it. A reading that broke off goes on behind the page it read last, if that page still names the same
    objects; else it begins anew, and what it had stored is found unchanged then.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "waiting"
        RUNNING = "RUNNING", "running"
        DONE = "DONE", "done"
        FAILED = "FAILED", "failed"

    class Reason(models.TextChoices):
        STAFF = "STAFF", "asked for by staff"
        SCHEDULE = "SCHEDULE", "scheduled"
        RETURN = "RETURN", "platform came back"
        RECONCILIATION = "RECONCILIATION", "asked for by reconciliation"

    platform = models.BigIntegerField()
    party = models.CharField(max_length=5)
    module = models.CharField(max_length=32)
    is_full = models.BooleanField(default=False, help_text="The whole list: what it lacks is gone (LOC-17, TAR-05).")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    since = models.DateTimeField(null=True, blank=True, help_text="What changed from then on may be unknown to us.")
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    leased_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)  # of the reading, however often it broke off
    finished_at = models.DateTimeField(null=True, blank=True)
    date_from = models.DateTimeField(null=True, blank=True, help_text="As it was asked; none: the list unfiltered.")
    pages = models.PositiveIntegerField(default=0)
    objects_read = models.PositiveIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True, help_text="X-Total-Count as last told.")
    stored = models.PositiveIntegerField(default=0, help_text="New or changed.")
    unchanged = models.PositiveIntegerField(default=0)
    foreign = models.PositiveIntegerField(default=0, help_text="Of parties that are not this platform's (TRANS-35).")
    invalid = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0, help_text="Gone, or marked stale, as a complete list lacks them.")
    nameless = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Objects that did not say which they are."
    )
    page_url = models.TextField(
        blank=True, default="", db_default="", help_text="The page that was read and stored last."
    )
    page_digest = models.CharField(max_length=64, blank=True, default="", db_default="")  # of the objects it named
    last_error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "party", "module"], condition=Q(state="WAITING"), name="pull_waits_once"
            ),
            models.UniqueConstraint(
                fields=["platform", "party", "module"], condition=Q(state="RUNNING"), name="pull_runs_once"
            ),
        ]
        indexes = [models.Index(fields=["platform", "module", "-requested_at"], name="pull_recent")]

    def __str__(self) -> str:
        return f"{self.module} of {PartyId.of_key(self.party)}"


class PullSeen(models.Model):
    """An object that a whole list has named so far: what the hub knows and the list lacks is gone at its end."""

    request = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="seen", db_index=False)
    object_key = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "object_key"], name="pull_seen_once")]

    def __str__(self) -> str:
        return self.object_key
