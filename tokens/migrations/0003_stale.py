from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_document_storage"),
    ]

    operations = [
        migrations.AddField(
            model_name="token",
            name="stale_at",
            field=models.DateTimeField(null=True),
        ),
    ]
