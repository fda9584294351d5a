from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("failed_checks", models.TextField(blank=True, default="")),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("partner_down", "partner down"),
                            ("partner_silent", "partner silent"),
                            ("lane_behind", "lane behind"),
                            ("needs_resync", "lane fell out of the log"),
                            ("dead_letters", "dead letters"),
                            ("token_refused", "partner refuses our token"),
                            ("handshake_failing", "handshake failing"),
                            ("certificate", "certificate problem"),
                            ("breaker_open", "breaker open"),
                            ("database_slow", "database slow"),
                            ("database_away", "database unreachable"),
                            ("redis_away", "Redis away"),
                            ("worker_gone", "no worker"),
                            ("beat_gone", "no beat"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        blank=True, default="", help_text="What of: a platform's id, or nothing.", max_length=64
                    ),
                ),
                ("severity", models.CharField(choices=[("alarm", "alarm"), ("warning", "warning")], max_length=8)),
                ("title", models.CharField(max_length=200)),
                ("detail", models.TextField(blank=True, default="")),
                ("advice", models.TextField(blank=True, default="", help_text="What to do.")),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "platform",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="parties.platform",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("email", "e-mail"), ("webhook", "webhook")], max_length=8)),
                (
                    "about",
                    models.CharField(
                        choices=[("opened", "opened"), ("reminder", "reminder"), ("closed", "all-clear")], max_length=8
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="alerts.alert"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["-opened_at"], name="alert_recent"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)), fields=("kind", "subject"), name="alert_once"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["channel", "due_at"], name="alert_message_due"
            ),
        ),
    ]
