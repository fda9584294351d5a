"""A rate of calls of a platform's own."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("parties", "0006_operator_and_evse_uid")]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="rate_limit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Calls per second it may make. Empty: as for everybody. 0: no limit.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="platform",
            name="max_in_flight",
            field=models.PositiveIntegerField(
                default=64, help_text="Calls of the hub to it at the same time, all processes together."
            ),
        ),
    ]
