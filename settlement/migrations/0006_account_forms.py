"""Forms are checked from now on; what was entered before stays as it is."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

from settlement.terms import check_bic, check_country, check_iban


class Migration(migrations.Migration):
    dependencies = [("settlement", "0005_no_truncate")]

    operations = [
        migrations.AlterField("company", "country", models.CharField(max_length=2, validators=[check_country])),
        migrations.AlterField(
            "company",
            "iban",
            models.CharField(max_length=42, blank=True, default="", validators=[check_iban], verbose_name="IBAN"),
        ),
        migrations.AlterField(
            "company",
            "bic",
            models.CharField(max_length=11, blank=True, default="", validators=[check_bic], verbose_name="BIC"),
        ),
        migrations.AlterField(
            "terms",
            "fee_percentage",
            models.DecimalField(
                max_digits=7,
                decimal_places=4,
                default=Decimal(0),
                validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
                help_text="of the amount excl. VAT",
            ),
        ),
    ]
