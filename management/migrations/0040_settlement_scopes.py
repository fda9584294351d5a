from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("management", "0030_partner_token"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stafftoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("platforms:read", "platforms:read"),
                        ("platforms:write", "platforms:write"),
                        ("agreements:read", "agreements:read"),
                        ("agreements:write", "agreements:write"),
                        ("traffic:read", "traffic:read"),
                        ("traffic:write", "traffic:write"),
                        ("findings:read", "findings:read"),
                        ("findings:write", "findings:write"),
                        ("metrics:read", "metrics:read"),
                        ("settlement:read", "settlement:read"),
                        ("settlement:write", "settlement:write"),
                    ],
                    max_length=32,
                ),
                size=None,
            ),
        ),
    ]
