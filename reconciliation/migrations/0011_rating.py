from __future__ import annotations

from django.db import migrations, models

VERDICTS = ("match", "match_with_warning", "mismatch", "not_verifiable", "reject")


def amount():
    return models.DecimalField(decimal_places=6, max_digits=20, null=True)


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0010_severities")]

    operations = [
        migrations.AddField(
            model_name="sweep",
            name="reached_id",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(db_collation="C", max_length=5)),
                ("cdr_key", models.CharField(db_collation="C", max_length=64)),
                ("verdict", models.CharField(choices=[(word, word) for word in VERDICTS], max_length=20)),
                ("engine_version", models.CharField(max_length=8)),
                ("policy", models.CharField(max_length=20)),
                ("computed_excl_vat", amount()),
                ("computed_incl_vat", amount()),
                ("claimed_excl_vat", amount()),
                ("claimed_incl_vat", amount()),
                ("changed_at", models.DateTimeField()),
                ("rated_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("owner", "cdr_key"), name="rating_once")],
            },
        ),
    ]
