from __future__ import annotations

from django.db import migrations, models
from django.db.models import Value


class Migration(migrations.Migration):
    dependencies = [("agreements", "0003_mandates_and_commands")]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="cdr_control",
            field=models.JSONField(blank=True, db_default=Value({}, models.JSONField()), default=dict),
        ),
    ]
