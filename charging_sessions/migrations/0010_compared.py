"""An index that holds all of a session that its CDR is compared with.

One that is there is kept: on a big table, build it beforehand with CREATE INDEX CONCURRENTLY.
"""

from django.db import migrations, models
from django.db.models import Q

INDEX = models.Index(
    fields=["object_key", "owner"],
    include=["received_at", "token_owner", "status", "start_at", "end_at", "kwh", "total_cost", "currency"],
    condition=Q(audience="", is_verified=True, deleted_at__isnull=True),
    name="session_compared",
)
SQL = """
CREATE INDEX IF NOT EXISTS session_compared ON charging_sessions_session (object_key, owner) INCLUDE (
    received_at, token_owner, status, start_at, end_at, kwh, total_cost, currency)
 WHERE audience = '' AND deleted_at IS NULL AND is_verified
"""


class Migration(migrations.Migration):
    dependencies = [("charging_sessions", "0003_flags")]

    operations = [
        migrations.RunSQL(SQL, "DROP INDEX session_compared", state_operations=[migrations.AddIndex("session", INDEX)]),
    ]
