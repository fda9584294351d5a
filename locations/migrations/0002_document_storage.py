"""Documents are served as they are stored: out of line and uncompressed (docs/adr/0001, decision 10)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("locations", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE locations_location ALTER COLUMN document SET STORAGE EXTERNAL",
            "ALTER TABLE locations_location ALTER COLUMN document SET STORAGE EXTENDED",
        ),
    ]
