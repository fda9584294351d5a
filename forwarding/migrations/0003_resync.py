"""What a lane that jumped has missed, and who makes up for it. Old code may go on writing while this is in place."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forwarding", "0002_paused_lanes")]

    operations = [
        migrations.AddField("lane", "resync_since", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("lane", "resync_asked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("lane", "resync_until", models.DateTimeField(blank=True, null=True)),
    ]
