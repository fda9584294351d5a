"""Indexes that hold all that is compared, so that no CDR is read for it.

Those that are there are kept: on a big table, build them with CREATE INDEX CONCURRENTLY after 0010.
"""

from django.db import migrations, models
from django.db.models import Q

LIVE = Q(audience="", is_verified=True, deleted_at__isnull=True)
INDEXES = [
    models.Index(fields=["changed_at", "id"], condition=LIVE, name="cdr_position"),
    models.Index(
        fields=["session_key", "owner"],
        include=[
            "id",
            "changed_at",
            "received_at",
            "token_owner",
            "start_at",
            "end_at",
            "total_energy",
            "total_cost",
            "currency",
            "is_credit",
        ],
        condition=LIVE,
        name="cdr_by_session",
    ),
    models.Index(
        fields=["owner", "evse_key", "start_at"],
        include=["end_at", "id", "changed_at"],
        condition=LIVE & Q(is_credit=False) & ~Q(evse_key=""),
        name="cdr_by_evse",
    ),
    models.Index(
        fields=["owner", "credit_reference_key"],
        include=["id", "changed_at"],
        condition=LIVE & Q(is_credit=True),
        name="cdr_credit",
    ),
    models.Index(fields=["id"], condition=Q(is_undelivered=True), name="cdr_undelivered"),
]
SQL = """
CREATE INDEX IF NOT EXISTS cdr_position ON cdrs_cdr (changed_at, id)
 WHERE audience = '' AND deleted_at IS NULL AND is_verified;
CREATE INDEX IF NOT EXISTS cdr_by_session ON cdrs_cdr (session_key, owner) INCLUDE (
    id, changed_at, received_at, token_owner, start_at, end_at, total_energy, total_cost, currency, is_credit)
 WHERE audience = '' AND deleted_at IS NULL AND is_verified;
CREATE INDEX IF NOT EXISTS cdr_by_evse ON cdrs_cdr (owner, evse_key, start_at) INCLUDE (end_at, id, changed_at)
 WHERE audience = '' AND deleted_at IS NULL AND is_verified AND NOT is_credit AND NOT (evse_key = '');
CREATE INDEX IF NOT EXISTS cdr_credit ON cdrs_cdr (owner, credit_reference_key) INCLUDE (id, changed_at)
 WHERE audience = '' AND deleted_at IS NULL AND is_verified AND is_credit;
CREATE INDEX IF NOT EXISTS cdr_undelivered ON cdrs_cdr (id) WHERE is_undelivered;
"""
DROP = "; ".join(f"DROP INDEX {index.name}" for index in INDEXES)


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0010_matching")]

    operations = [
        migrations.RemoveIndex("cdr", "cdr_waiting"),
        migrations.RemoveIndex("cdr", "cdr_session"),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("cdr", "reconciled_at")]),
        migrations.RunSQL(SQL, DROP, state_operations=[migrations.AddIndex("cdr", index) for index in INDEXES]),
    ]
