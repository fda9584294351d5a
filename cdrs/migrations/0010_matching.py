"""What the set-based comparison reads: keys of EVSE and token, whether it was delivered, and indexes that hold it all.

`reconciled_at` is not used any more; its column goes one release later (docs/operations.md, Upgrade).
"""

from django.db import migrations, models
from django.db.models import Q

LIVE = Q(("audience", ""), ("is_verified", True), ("deleted_at__isnull", True))
COMPARED = [
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
]


def key_field(length: int) -> models.CharField:
    return models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=length)


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0003_flags")]

    operations = [
        migrations.AddField("cdr", "evse_key", key_field(48)),
        migrations.AddField("cdr", "token_key", key_field(36)),
        migrations.AddField("cdr", "is_undelivered", models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(
            "UPDATE cdrs_cdr SET is_undelivered = true"
            " WHERE verdict_code IS NOT NULL AND verdict_code NOT BETWEEN 1000 AND 1999",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveIndex("cdr", "cdr_waiting"),
        migrations.RemoveIndex("cdr", "cdr_session"),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("cdr", "reconciled_at")]),
        migrations.AddIndex("cdr", models.Index(fields=["changed_at", "id"], condition=LIVE, name="cdr_position")),
        migrations.AddIndex(
            "cdr",
            models.Index(fields=["session_key", "owner"], include=COMPARED, condition=LIVE, name="cdr_by_session"),
        ),
        migrations.AddIndex(
            "cdr",
            models.Index(
                fields=["owner", "evse_key", "start_at"],
                include=["end_at", "id", "changed_at"],
                condition=LIVE & Q(is_credit=False) & ~Q(evse_key=""),
                name="cdr_by_evse",
            ),
        ),
        migrations.AddIndex(
            "cdr",
            models.Index(
                fields=["owner", "credit_reference_key"],
                include=["id", "changed_at"],
                condition=LIVE & Q(is_credit=True),
                name="cdr_credit",
            ),
        ),
        migrations.AddIndex(
            "cdr", models.Index(fields=["id"], condition=Q(is_undelivered=True), name="cdr_undelivered")
        ),
    ]
