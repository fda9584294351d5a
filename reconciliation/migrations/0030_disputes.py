from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0002_notes_and_undelivered"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(db_collation="C", max_length=5)),
                ("token_owner", models.CharField(db_collation="C", max_length=5)),
                ("cdr_id", models.CharField(max_length=64)),
                ("cdr_key", models.CharField(db_collation="C", max_length=64)),
                ("session_key", models.CharField(blank=True, db_collation="C", default="", max_length=64)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("escalated", "escalated"),
                            ("accepted", "accepted"),
                            ("decided", "decided"),
                            ("withdrawn", "withdrawn"),
                            ("credited", "credited"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", ""), ("stands", "stands"), ("falls", "falls")],
                        default="",
                        max_length=6,
                    ),
                ),
                ("is_holding", models.BooleanField(default=True)),
                ("opener", models.CharField(choices=[("cpo", "CPO"), ("emsp", "eMSP"), ("hub", "hub")], max_length=4)),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("credit_cdr_id", models.CharField(blank=True, default="", max_length=64)),
                ("credit_problem", models.TextField(blank=True, default="")),
                ("replacement_cdr_id", models.CharField(blank=True, default="", max_length=64)),
                (
                    "finding",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="disputes",
                        to="reconciliation.finding",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DisputeEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("side", models.CharField(choices=[("cpo", "CPO"), ("emsp", "eMSP"), ("hub", "hub")], max_length=4)),
                ("by", models.CharField(blank=True, default="", max_length=150)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("message", "message"),
                            ("accept", "accept"),
                            ("withdraw", "withdraw"),
                            ("escalate", "escalate"),
                            ("decide", "decide"),
                            ("extend", "extend"),
                            ("remind", "remind"),
                            ("credit", "credit"),
                            ("replace", "replace"),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.TextField(blank=True, default="")),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="reconciliation.dispute"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="DisputeEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cdr", "CDR"),
                            ("session", "session"),
                            ("history", "calls about the CDR and its session"),
                            ("price", "price, line by line"),
                            ("signed_data", "signed meter data"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=150)),
                ("content", models.TextField()),
                ("collected_at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="reconciliation.dispute",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="FindingEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("side", models.CharField(choices=[("cpo", "CPO"), ("emsp", "eMSP"), ("hub", "hub")], max_length=4)),
                ("by", models.CharField(blank=True, default="", max_length=150)),
                (
                    "before",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("explained", "Explained"),
                            ("accepted", "Accepted"),
                            ("disputed", "Disputed"),
                            ("closed", "Closed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "after",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("explained", "Explained"),
                            ("accepted", "Accepted"),
                            ("disputed", "Disputed"),
                            ("closed", "Closed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=255)),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="reconciliation.finding"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["owner", "opened_at"], name="dispute_owner"),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["token_owner", "opened_at"], name="dispute_token_owner"),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_holding", True)), fields=("owner", "cdr_key"), name="dispute_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("is_holding", True),
                        ("state__in", ["open", "escalated"]),
                    ),
                    models.Q(
                        ("is_holding", True),
                        ("outcome", "falls"),
                        ("state__in", ["accepted", "decided"]),
                    ),
                    models.Q(
                        ("is_holding", False),
                        ("outcome", "stands"),
                        ("state__in", ["accepted", "decided"]),
                    ),
                    models.Q(("is_holding", False), ("state__in", ["credited", "withdrawn"])),
                    _connector="OR",
                ),
                name="dispute_is_holding",
            ),
        ),
    ]
