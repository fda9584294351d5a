"""How far a reading of a list came, so that it goes on there. Old code may go on writing while this is in place."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("journal", "0003_pull_request")]

    operations = [
        migrations.AddField(
            "pullrequest",
            "nameless",
            models.PositiveIntegerField(default=0, db_default=0, help_text="Objects that did not say which they are."),
        ),
        migrations.AddField(
            "pullrequest",
            "page_url",
            models.TextField(
                blank=True, default="", db_default="", help_text="The page that was read and stored last."
            ),
        ),
        migrations.AddField(
            "pullrequest", "page_digest", models.CharField(blank=True, default="", db_default="", max_length=64)
        ),
        migrations.CreateModel(
            name="PullSeen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seen",
                        to="journal.pullrequest",
                    ),
                ),
                ("object_key", models.TextField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("request", "object_key"), name="pull_seen_once")],
            },
        ),
    ]
