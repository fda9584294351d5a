"""Words for people in place of the stored ones. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0032_credits_of_credits")]

    operations = [
        migrations.AlterField(
            "rating",
            "verdict",
            models.CharField(
                max_length=20,
                choices=[
                    ("match", "match"),
                    ("match_with_warning", "match with warning"),
                    ("mismatch", "mismatch"),
                    ("not_verifiable", "not verifiable"),
                    ("reject", "reject"),
                ],
            ),
        ),
    ]
