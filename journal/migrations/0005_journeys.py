"""Indexes by which a message's journey is found: the event a call was kept as, and the URL that stood for another."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("journal", "0004_resumed_pulls")]

    operations = [
        # Times of events grow with their place in the table, so this index is tiny and costs the writer nothing.
        migrations.RunSQL(
            "CREATE INDEX journal_event_at ON journal_event USING brin (at)"
            " WITH (pages_per_range = 16, autosummarize = on)",
            reverse_sql="DROP INDEX journal_event_at",
        ),
        migrations.AddIndex(
            "alias",
            models.Index(fields=["created_at"], condition=Q(kind="response_url"), name="alias_of_result"),
        ),
    ]
