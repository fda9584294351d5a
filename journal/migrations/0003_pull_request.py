from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0002_partitioned_logs"),
    ]

    operations = [
        migrations.CreateModel(
            name="PullRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("platform", models.BigIntegerField()),
                ("party", models.CharField(max_length=5)),
                ("module", models.CharField(max_length=32)),
                (
                    "is_full",
                    models.BooleanField(
                        default=False, help_text="The whole list: what it lacks is gone (LOC-17, TAR-05)."
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("STAFF", "asked for by staff"),
                            ("SCHEDULE", "scheduled"),
                            ("RETURN", "platform came back"),
                            ("RECONCILIATION", "asked for by reconciliation"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        blank=True, help_text="What changed from then on may be unknown to us.", null=True
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "waiting"),
                            ("RUNNING", "running"),
                            ("DONE", "done"),
                            ("FAILED", "failed"),
                        ],
                        default="WAITING",
                        max_length=8,
                    ),
                ),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("fence", models.BigIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "date_from",
                    models.DateTimeField(
                        blank=True, help_text="As it was asked; none: the list unfiltered.", null=True
                    ),
                ),
                ("pages", models.PositiveIntegerField(default=0)),
                ("objects_read", models.PositiveIntegerField(default=0)),
                ("total", models.BigIntegerField(blank=True, help_text="X-Total-Count as last told.", null=True)),
                ("stored", models.PositiveIntegerField(default=0, help_text="New or changed.")),
                ("unchanged", models.PositiveIntegerField(default=0)),
                (
                    "foreign",
                    models.PositiveIntegerField(
                        default=0, help_text="Of parties that are not this platform's (TRANS-35)."
                    ),
                ),
                ("invalid", models.PositiveIntegerField(default=0)),
                (
                    "removed",
                    models.PositiveIntegerField(
                        default=0, help_text="Gone, or marked stale, as a complete list lacks them."
                    ),
                ),
                ("last_error", models.TextField(blank=True, default="")),
            ],
            options={
                "indexes": [models.Index(fields=["platform", "module", "-requested_at"], name="pull_recent")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "WAITING")),
                        fields=("platform", "party", "module"),
                        name="pull_waits_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "RUNNING")),
                        fields=("platform", "party", "module"),
                        name="pull_runs_once",
                    ),
                ],
            },
        ),
    ]
