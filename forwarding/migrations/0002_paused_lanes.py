"""Lanes that staff holds, and why the hub closed a dead letter. Old code may go on writing while this is in place."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forwarding", "0001_initial")]

    operations = [
        migrations.AddField("lane", "paused_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("lane", "pause_note", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField("deadletter", "note", models.TextField(blank=True, db_default="", default="")),
    ]
