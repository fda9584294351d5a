"""New statements say session ids as they were written, and nothing that a spreadsheet would run.

Closed ones stay as they are to the byte: their lines have no such id, and their form is the plain one. Both columns
have a default in the database, so that a process of the release before can still write beside this one.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("settlement", "0006_account_forms")]

    operations = [
        migrations.AddField("line", "session_id_text", models.CharField(max_length=64, db_default="", default="")),
        migrations.AddField(
            "statement",
            "form",
            models.PositiveSmallIntegerField(choices=[(1, "Plain"), (2, "Guarded")], db_default=1, default=2),
        ),
    ]
