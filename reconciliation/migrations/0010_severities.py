"""The words of CDR control for how grave a finding is, and room for the names of its rules and for long paths."""

from __future__ import annotations

from django.db import migrations, models

import reconciliation.kinds

WORDS = {"error": "hold", "warning": "flag", "info": "pass"}


def rename(words):
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in words.items())
    return f"UPDATE reconciliation_finding SET severity = CASE severity {cases} ELSE severity END"


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0002_notes_and_undelivered")]

    operations = [
        migrations.RunSQL(
            sql=rename(WORDS),
            reverse_sql=rename({new: old for old, new in WORDS.items()} | {"reject": "error"}),
        ),
        migrations.AlterField(
            model_name="finding",
            name="severity",
            field=models.CharField(choices=[(word, word) for word in ("pass", "flag", "hold", "reject")], max_length=8),
        ),
        migrations.AlterField(
            model_name="finding",
            name="kind",
            field=models.CharField(choices=reconciliation.kinds.get_kinds, max_length=48),
        ),
        migrations.AlterField(
            model_name="finding",
            name="path",
            field=models.CharField(blank=True, default="", max_length=255),
        ),
    ]
