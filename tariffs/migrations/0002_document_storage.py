"""Documents are served as they are stored: out of line and uncompressed (docs/adr/0001, decision 10)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tariffs", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE tariffs_tariff ALTER COLUMN document SET STORAGE EXTERNAL",
            "ALTER TABLE tariffs_tariff ALTER COLUMN document SET STORAGE EXTENDED",
        ),
    ]
