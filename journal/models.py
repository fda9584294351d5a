"""What happened (CallLog) and what must be told (Event). Platform ids only: nothing here points upward.

Both logs are partitioned by day and written by `journal.writer`, not through these models, which serve reading.
"""

from __future__ import annotations

from django.db import models


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

    def __str__(self) -> str:
        return f"{self.kind} for {self.party} to {self.target_party}"
