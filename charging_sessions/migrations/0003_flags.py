"""What is odd about a stored document but refuses nothing: one line each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("charging_sessions", "0002_document_storage")]

    operations = [
        migrations.AddField(model_name="session", name="flags", field=models.TextField(blank=True, default="")),
    ]
