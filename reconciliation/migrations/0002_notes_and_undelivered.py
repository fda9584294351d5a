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
)


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="finding",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AlterField(
            model_name="finding",
            name="kind",
            field=models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=32),
        ),
    ]
