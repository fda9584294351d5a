"""Whether an event was tried at once before it was queued, and its answer lost: its delivery is a repeat then."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("journal", "0006_refusals")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE journal_event ADD COLUMN was_sent boolean NOT NULL DEFAULT false",
            reverse_sql="ALTER TABLE journal_event DROP COLUMN was_sent",
        )
    ]
