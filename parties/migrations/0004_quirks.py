import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0003_pull_schedule"),
    ]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="date_to_is_inclusive",
            field=models.BooleanField(
                default=False, help_text="It means date_to to include that moment: the hub answers it so (TRANS-20)."
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="takes_no_patch",
            field=models.BooleanField(
                default=False, help_text="It gets a PUT of the whole stored object in place of a PATCH."
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="wants_trailing_slash",
            field=models.BooleanField(
                default=False, help_text="Its URLs work only with a slash at the end: the hub adds one (AMB-15)."
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="wraps_single_objects",
            field=models.BooleanField(
                default=False, help_text="It sends a single object as a list of one: the hub takes it out (TRANS-15)."
            ),
        ),
        migrations.CreateModel(
            name="DetectedQuirk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "quirk",
                    models.CharField(
                        choices=[
                            ("raw_token", "raw token"),
                            ("trailing_slash", "trailing slash"),
                            ("wrapped_object", "wrapped object"),
                            ("no_patch", "no patch"),
                            ("date_to_inclusive", "date to inclusive"),
                            ("ok_for_created", "ok for created"),
                            ("null_for_absent", "null for absent"),
                            ("no_message_ids", "no message ids"),
                        ],
                        max_length=24,
                    ),
                ),
                ("count", models.BigIntegerField(default=0)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("example", models.CharField(max_length=200)),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="detected_quirks",
                        to="parties.platform",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("platform", "quirk"), name="detected_quirk_unique")],
            },
        ),
    ]
