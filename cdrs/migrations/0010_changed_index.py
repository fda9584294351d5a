"""CDRs in the order in which they came or were replaced: what is to be judged anew."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0003_flags")]

    operations = [
        migrations.AddIndex(model_name="cdr", index=models.Index(fields=["changed_at", "id"], name="cdr_changed")),
    ]
