"""Words for people in place of the stored ones. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("settlement", "0007_session_ids")]

    operations = [
        migrations.AlterField(
            "statement",
            "kind",
            models.CharField(max_length=4, choices=[("cdr", "CDR"), ("fee", "fee")]),
        ),
        migrations.AlterField(
            "statement",
            "vat_treatment",
            models.CharField(
                max_length=16,
                choices=[
                    ("domestic", "domestic"),
                    ("reverse_charge", "reverse charge"),
                    ("outside_scope", "outside scope"),
                    ("as_stated", "as stated"),
                ],
            ),
        ),
        migrations.AlterField(
            "feeline",
            "rule",
            models.CharField(
                max_length=12,
                choices=[
                    ("per_session", "per session"),
                    ("per_kwh", "per kWh"),
                    ("percentage", "percentage"),
                    ("minimum", "minimum"),
                ],
            ),
        ),
        migrations.AlterField(
            "terms",
            "period",
            models.CharField(
                max_length=14,
                choices=[("calendar_month", "calendar month"), ("weekly", "weekly")],
                default="calendar_month",
            ),
        ),
    ]
