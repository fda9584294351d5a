"""A third incoming token: what the hub's offer of a new one would else push out while its outcome is open."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("parties", "0008_list_changes")]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="token_in_earlier_digest",
            field=models.CharField(
                blank=True,
                db_default="",  # code of before may still add platforms
                db_index=True,
                default="",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="token_in_earlier_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
