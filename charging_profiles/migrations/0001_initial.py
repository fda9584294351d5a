from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Setting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(db_collation="C", max_length=43)),
                ("receiver", models.CharField(db_collation="C", max_length=5)),
                ("session_key", models.CharField(db_collation="C", max_length=36)),
                ("sender", models.CharField(db_collation="C", max_length=5)),
                ("asked_at", models.DateTimeField()),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "setting of a profile",
                "verbose_name_plural": "settings of profiles",
                "indexes": [models.Index(fields=["receiver", "session_key"], name="setting_of_session")],
                "constraints": [models.UniqueConstraint(fields=("token",), name="setting_token")],
            },
        ),
    ]
