"""What is odd about a stored document but refuses nothing: one line each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0003_stale")]

    operations = [
        migrations.AddField(model_name="token", name="flags", field=models.TextField(blank=True, default="")),
    ]
