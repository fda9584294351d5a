from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CallLog",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "at", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("leg", models.CharField(max_length=3)),
                ("platform", models.BigIntegerField(null=True)),
                ("module", models.CharField(max_length=32)),
                ("interface", models.CharField(max_length=8)),
                ("method", models.CharField(max_length=8)),
                ("object_id", models.TextField(default="")),
                ("sender", models.CharField(default="", max_length=5)),
                ("receiver", models.CharField(default="", max_length=5)),
                ("request_id", models.TextField(default="")),
                ("correlation_id", models.TextField(default="")),
                ("decision", models.CharField(default="", max_length=12)),
                ("http_status", models.SmallIntegerField(null=True)),
                ("status_code", models.IntegerField(null=True)),
                ("message", models.TextField(default="")),
                ("duration_ms", models.IntegerField(null=True)),
                ("attempt", models.SmallIntegerField(default=1)),
                ("repeat", models.BooleanField(default=False)),
                ("event", models.BigIntegerField(null=True)),
                ("size", models.IntegerField(default=0)),
            ],
            options={"db_table": "journal_calllog", "managed": False},
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "at", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("module", models.CharField(max_length=32)),
                ("method", models.CharField(max_length=8)),
                ("path", models.TextField()),
                ("query", models.TextField(default="")),
                ("body", models.TextField(default="")),
                ("object_key", models.TextField()),
                ("sublane", models.SmallIntegerField()),
                ("sender", models.CharField(default="", max_length=5)),
                ("sender_role", models.CharField(default="", max_length=8)),
                ("origin", models.BigIntegerField(null=True)),
                ("receiver", models.CharField(default="", max_length=5)),
                ("supersedes", models.BooleanField(default=False)),
                ("correlation_id", models.TextField(default="")),
                ("version", models.CharField(default="2.2.1", max_length=8)),
            ],
            options={"db_table": "journal_event", "managed": False},
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                ("token", models.CharField(max_length=43, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=12)),
                ("user", models.BigIntegerField()),
                ("party", models.CharField(max_length=5)),
                ("target", models.BigIntegerField(null=True)),
                ("target_party", models.CharField(max_length=5)),
                ("module", models.CharField(max_length=32)),
                ("interface", models.CharField(max_length=8)),
                ("url", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={"verbose_name_plural": "aliases"},
        ),
    ]
