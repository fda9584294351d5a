"""What is wrong and was told to operators: alerts, and the messages about them that still have to get out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from parties.models import Platform


class Kind(models.TextChoices):
    PARTNER_DOWN = "partner_down", "partner down"
    PARTNER_SILENT = "partner_silent", "partner silent"
    LANE_BEHIND = "lane_behind", "lane behind"
    NEEDS_RESYNC = "needs_resync", "lane fell out of the log"
    DEAD_LETTERS = "dead_letters", "dead letters"
    TOKEN_REFUSED = "token_refused", "partner refuses our token"
    HANDSHAKE_FAILING = "handshake_failing", "handshake failing"
    CERTIFICATE = "certificate", "certificate problem"
    BREAKER_OPEN = "breaker_open", "breaker open"
    DATABASE_SLOW = "database_slow", "database slow"
    DATABASE_AWAY = "database_away", "database unreachable"
    REDIS_AWAY = "redis_away", "Redis away"
    WORKER_GONE = "worker_gone", "no worker"
    BEAT_GONE = "beat_gone", "no beat"
    NOT_CLOSED = "not_closed", "period not closed"


class Severity(models.TextChoices):
    ALARM = "alarm", "alarm"
    WARNING = "warning", "warning"


class Report(models.Model):
    """Something that another app found wrong and has not taken back: see `alerts.report`."""

    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="")
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="alert_report_once")]

    def __str__(self) -> str:
        return self.title


class Alert(models.Model):
    """One thing that is wrong with one subject, from when it was seen until the all-clear.

    It is seen first, opens when it has lasted (`opened_at`), and closes when it has been gone for as long.
    """

    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(
        max_length=64, blank=True, default="", help_text="What of: a platform's id, a pair, or nothing."
    )
    platform = models.ForeignKey(Platform, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="", help_text="What to do.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(closed_at=None), name="alert_once")
        ]
        indexes = [models.Index(fields=["-opened_at"], name="alert_recent")]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        return "closed" if self.closed_at else "open" if self.opened_at else "watched"


class Message(models.Model):
    """One alert to be told over one channel. Waits here until it got out: an outage of the mail server loses none."""

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        WEBHOOK = "webhook", "webhook"

    class About(models.TextChoices):
        OPENED = "opened", "opened"
        REMINDER = "reminder", "reminder"
        CLOSED = "closed", "all-clear"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="messages")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    about = models.CharField(max_length=8, choices=About.choices)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["channel", "due_at"], condition=Q(sent_at=None), name="alert_message_due")]

    def __str__(self) -> str:
        return f"{self.get_about_display()}: {self.alert}"


class Evaluation(models.Model):
    """One row: when somebody last looked. A web process looks itself when the workers have not for a while."""

    at = models.DateTimeField()
    failed_checks = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
