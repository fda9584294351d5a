"""Positions instead of a mark on each CDR; clocks of CPOs; findings that come from other CDRs and from lists."""

from __future__ import annotations

from django.db import migrations, models

NAMES_OTHER_CDR = ["charge_billed_twice", "credited_twice", "overlaps_other_cdr_on_evse", "session_billed_twice"]


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0011_rating")]

    operations = [
        migrations.AddIndex(
            "finding",
            models.Index(
                fields=["owner", "expected"],
                name="finding_names_cdr",
                condition=models.Q(("kind__in", NAMES_OTHER_CDR), ("state", "open")),
            ),
        ),
        migrations.CreateModel(
            name="CdrClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(db_collation="C", max_length=5, unique=True)),
                (
                    "due_after",
                    models.DurationField(help_text="From the end of a session until its CDR is due."),
                ),
                (
                    "pulls_per_day",
                    models.PositiveSmallIntegerField(
                        default=4,
                        help_text="How often a day at most the hub asks for CDRs that are overdue; 0: never.",
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
            options={"verbose_name": "CDR clock", "verbose_name_plural": "CDR clocks"},
        ),
    ]
