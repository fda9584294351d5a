from __future__ import annotations

from django.db import migrations, models

QUIRKS = (
    "raw_token",
    "trailing_slash",
    "wrapped_object",
    "no_patch",
    "date_to_inclusive",
    "ok_for_created",
    "null_for_absent",
    "no_message_ids",
    "no_evse_uid",
)


class Migration(migrations.Migration):
    dependencies = [("parties", "0005_peer_hubs")]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="fills_operator",
            field=models.BooleanField(
                default=False,
                db_default=False,  # code of before may still add platforms
                help_text="Locations that the hub itself lists or tells it get `operator` from their owner's business "
                "details where it is absent (LOC-14).",
            ),
        ),
        migrations.AlterField(
            model_name="detectedquirk",
            name="quirk",
            field=models.CharField(
                choices=[(quirk, quirk.replace("_", " ")) for quirk in QUIRKS],
                max_length=24,
            ),
        ),
    ]
