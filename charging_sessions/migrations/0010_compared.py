"""An index that holds all of a session that its CDR is compared with."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("charging_sessions", "0003_flags")]

    operations = [
        migrations.AddIndex(
            "session",
            models.Index(
                fields=["object_key", "owner"],
                include=[
                    "received_at",
                    "token_owner",
                    "status",
                    "start_at",
                    "end_at",
                    "kwh",
                    "total_cost",
                    "currency",
                ],
                condition=Q(("audience", ""), ("is_verified", True), ("deleted_at__isnull", True)),
                name="session_compared",
            ),
        ),
    ]
