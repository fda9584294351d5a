"""No language is "": until now English stood for both, and counted as not chosen."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import migrations, models

LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("it", "Italiano"), ("nl", "Nederlands")]


class Migration(migrations.Migration):
    dependencies = [("settlement", "0003_vat_rates")]

    operations = [
        migrations.AlterField(
            "company",
            "language",
            models.CharField(
                max_length=2,
                choices=LANGUAGES,
                blank=True,
                default="",
                help_text="Of its invoices. Empty: its country's.",
            ),
        ),
        migrations.AlterField(
            "terms",
            "fee_minimum",
            models.DecimalField(
                max_digits=12,
                decimal_places=3,
                default=Decimal(0),
                validators=[MinValueValidator(Decimal(0))],
                help_text="Per period, and owed for every one since these terms' begin, also without any session: let "
                "them begin with the period from which it is to be paid.",
            ),
        ),
        migrations.RunSQL(
            "UPDATE settlement_company SET language = '' WHERE language = 'en'",
            "UPDATE settlement_company SET language = 'en' WHERE language = ''",
        ),
    ]
