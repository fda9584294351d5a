"""Alerts look every few seconds whether a partner refuses the hub's token or a handshake failed: a small index."""

from __future__ import annotations

from django.db import migrations

SQL = """
    CREATE INDEX journal_calllog_refusals ON journal_calllog (at)
     WHERE (leg = 'out' AND http_status IN (401, 403))
        OR (leg = 'in' AND module = 'credentials' AND status_code >= 2000)
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0005_journeys")]

    operations = [migrations.RunSQL(SQL, reverse_sql="DROP INDEX journal_calllog_refusals")]
