"""A relayed token may have a uid of 39 characters (AMB-12). PostgreSQL notes the new length and rewrites nothing."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0005_lists")]

    operations = [
        migrations.AlterField(
            model_name="token",
            name="uid_key",
            field=models.CharField(db_collation="C", db_index=True, max_length=39),
        ),
    ]
