"""From which event on a lane that jumped holds what happens. Where old code made it jump, that is not known."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forwarding", "0003_resync")]

    operations = [migrations.AddField("lane", "resync_after", models.BigIntegerField(blank=True, null=True))]
