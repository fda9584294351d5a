"""Hubs as partners, and the parties behind them; a change of these is a change of the routing facts."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

ROLES = [(role, role) for role in ("CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP")]
STATUSES = [(status, status) for status in ("CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED")]


class Migration(migrations.Migration):
    dependencies = [("parties", "0004_quirks")]

    operations = [
        migrations.AlterField(
            model_name="party",
            name="role",
            field=models.CharField(max_length=8, choices=ROLES),
        ),
        migrations.CreateModel(
            name="PartyBehind",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country_code", models.CharField(max_length=2)),
                ("party_id", models.CharField(max_length=3)),
                ("role", models.CharField(choices=ROLES, max_length=8)),
                ("status", models.CharField(choices=STATUSES, max_length=12)),
                (
                    "last_updated",
                    models.DateTimeField(help_text="As the hub wrote it; an older one changes nothing."),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        help_text="When it changed here: HubClientInfo's last_updated towards others."
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parties_behind",
                        to="parties.platform",
                    ),
                ),
            ],
            options={
                "verbose_name": "party behind a hub",
                "verbose_name_plural": "parties behind hubs",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("platform"),
                        django.db.models.functions.text.Lower("country_code"),
                        django.db.models.functions.text.Lower("party_id"),
                        models.F("role"),
                        name="party_behind_unique",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            sql="""
                CREATE TRIGGER parties_partybehind_facts AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
                ON parties_partybehind FOR EACH STATEMENT EXECUTE FUNCTION parties_bump_facts()
            """,
            reverse_sql="DROP TRIGGER parties_partybehind_facts ON parties_partybehind",
        ),
    ]
