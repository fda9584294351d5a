"""Documents are served as they are stored: out of line and uncompressed (docs/adr/0001, decision 10)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("charging_sessions", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE charging_sessions_session ALTER COLUMN document SET STORAGE EXTERNAL",
            "ALTER TABLE charging_sessions_session ALTER COLUMN document SET STORAGE EXTENDED",
        ),
    ]
