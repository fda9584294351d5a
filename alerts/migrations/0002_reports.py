from __future__ import annotations

from django.db import migrations, models

KINDS = [
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
    ("not_closed", "period not closed"),
]


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=24)),
                ("subject", models.CharField(max_length=64)),
                ("severity", models.CharField(choices=[("alarm", "alarm"), ("warning", "warning")], max_length=8)),
                ("title", models.CharField(max_length=200)),
                ("detail", models.TextField(blank=True, default="")),
                ("advice", models.TextField(blank=True, default="")),
                ("reported_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "subject"), name="alert_report_once")],
            },
        ),
        migrations.AlterField("alert", "kind", models.CharField(choices=KINDS, max_length=24)),
        migrations.AlterField(
            "alert",
            "subject",
            models.CharField(
                blank=True, default="", help_text="What of: a platform's id, a pair, or nothing.", max_length=64
            ),
        ),
    ]
