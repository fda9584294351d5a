"""What CDRs are compared by: keys of EVSE and token, and whether one was not accepted.

`reconciled_at` is not used any more; its column goes one release later (docs/operations.md, Upgrade).
"""

from django.db import migrations, models


def key_field(length: int) -> models.CharField:
    return models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=length)


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0003_flags")]

    operations = [
        migrations.AddField("cdr", "evse_key", key_field(48)),
        migrations.AddField("cdr", "token_key", key_field(36)),
        migrations.AddField("cdr", "is_undelivered", models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(
            "UPDATE cdrs_cdr SET is_undelivered = true"
            " WHERE verdict_code IS NOT NULL AND verdict_code NOT BETWEEN 1000 AND 1999",
            migrations.RunSQL.noop,
        ),
    ]
