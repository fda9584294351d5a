"""When a reservation ends. Of those that are stored already it stays unknown."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0001_initial")]

    operations = [migrations.AddField("reservation", "expires_at", models.DateTimeField(null=True))]
