from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agreements", "0002_facts_version")]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="commands",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=36), blank=True, null=True, size=None
            ),
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("agent_country", models.CharField(max_length=2)),
                ("agent_party", models.CharField(max_length=3)),
                ("principal_country", models.CharField(max_length=2)),
                ("principal_party", models.CharField(max_length=3)),
                (
                    "modules",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), size=None),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="mandate_dates_in_order",
                    )
                ],
            },
        ),
        # A change of mandates is a change of the routing facts.
        migrations.RunSQL(
            sql="""
                CREATE TRIGGER agreements_mandate_facts AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
                ON agreements_mandate FOR EACH STATEMENT EXECUTE FUNCTION parties_bump_facts()
            """,
            reverse_sql="DROP TRIGGER agreements_mandate_facts ON agreements_mandate",
        ),
    ]
