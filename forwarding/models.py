"""How far each platform has been told: lanes, and what could not be told: dead letters."""

from __future__ import annotations

from django.db import models

from parties.display import mask_path, show_party
from parties.models import Platform


class Lane(models.Model):
    """A cursor into the event log for one platform and one sub-lane (decision 3). Leased, never held by a lock.

    `fence` grows with every lease: a worker whose lease was taken over cannot move the cursor any more.

    An object whose delivery has to wait must not hold up the others, so the lane looks past it: everything up to `seen`
    is done with, except what `waiting` names. `cursor` stands just before the first of these.
    """

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="lanes")
    sublane = models.SmallIntegerField()
    cursor = models.BigIntegerField()  # id of the last event that is done with
    cursor_at = models.DateTimeField()  # no later than anything after it: where to start looking in the partitioned log
    seen = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)
    waiting = models.JSONField(default=dict, blank=True)  # see forwarding.waiting
    leased_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)  # when retry_at was set: a platform that came back ends it
    is_held = models.BooleanField(default=False)  # nothing behind `seen` is looked at before retry_at
    last_error = models.TextField(blank=True, default="")
    sent = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    needs_resync = models.BooleanField(default=False)  # it was too far behind and jumped: see forwarding.resync
    resync_since = models.DateTimeField(null=True, blank=True)  # what changed from then on was not told
    resync_asked_at = models.DateTimeField(null=True, blank=True)
    resync_after = models.BigIntegerField(null=True, blank=True)  # events behind this one are in the lane again
    resync_until = models.DateTimeField(null=True, blank=True)  # somebody does it, and is taken for dead after that
    paused_at = models.DateTimeField(null=True, blank=True)  # by staff; what comes for it waits, or is skipped as late
    pause_note = models.TextField(blank=True, default="", db_default="")  # who and why

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "sublane"], name="lane_unique")]

    def __str__(self) -> str:
        return f"{self.platform} / {self.sublane}"


class DeadLetter(models.Model):
    """An event one receiver will not take; it does not hold its lane. Kept HUB_DEAD_LETTER_DAYS."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="dead_letters")
    receiver = models.CharField(max_length=5)
    event = models.BigIntegerField()
    event_at = models.DateTimeField()
    module = models.CharField(max_length=32)
    method = models.CharField(max_length=8)
    path = models.TextField()
    query = models.TextField(default="")
    body = models.TextField(default="")
    sender = models.CharField(max_length=5, default="")
    correlation_id = models.TextField(default="")
    http_status = models.SmallIntegerField(null=True)
    status_code = models.IntegerField(null=True)
    reason = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    resent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="", db_default="")  # why it was closed, where the hub itself did

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "receiver", "event"], name="dead_letter_once")]

    def __str__(self) -> str:
        return f"{self.method} {self.module}/{mask_path(self.path, module=self.module)} to {show_party(self.receiver)}"


class Announced(models.Model):
    """What a platform was last told of a party by HubClientInfo (HCI-05). What is not here was never told."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="announced")
    party = models.CharField(max_length=5)
    role = models.CharField(max_length=8)
    status = models.CharField(max_length=12)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "party", "role"], name="announced_once")]

    def __str__(self) -> str:
        return f"{self.party} {self.role} is {self.status} to {self.platform}"
