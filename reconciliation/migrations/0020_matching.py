"""Positions instead of a mark on each CDR; clocks of CPOs; findings that come from other CDRs and from lists."""

from __future__ import annotations

from django.db import migrations, models

KINDS = (
    "energy_differs",
    "cost_differs",
    "currency_differs",
    "time_differs",
    "token_owner_differs",
    "session_invalid",
    "session_billed_twice",
    "session_id_missing",
    "cdr_without_session",
    "session_without_cdr",
    "undelivered_cdr",
    "charge_billed_twice",
    "overlaps_other_cdr_on_evse",
    "cdr_late",
    "credit_reference_unknown",
    "credit_total_not_mirror",
    "credited_twice",
    "missing_at_receiver",
    "unknown_to_cpo",
    "differs_at_receiver",
)
NAMES_OTHER_CDR = ["charge_billed_twice", "credited_twice", "overlaps_other_cdr_on_evse", "session_billed_twice"]


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0002_notes_and_undelivered")]

    operations = [
        migrations.AddField("sweep", "reached_id", models.BigIntegerField(db_default=0, default=0)),
        migrations.AlterField(
            "finding", "kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=32)
        ),
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
