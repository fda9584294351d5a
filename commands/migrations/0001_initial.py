from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Reservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(db_collation="C", max_length=43)),
                ("requester", models.CharField(db_collation="C", max_length=5)),
                ("reservation_key", models.CharField(db_collation="C", max_length=36)),
                ("receiver", models.CharField(db_collation="C", max_length=5)),
                ("asked_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["requester", "reservation_key"], name="reservation_of_requester")],
                "constraints": [models.UniqueConstraint(fields=("token",), name="reservation_token")],
            },
        ),
    ]
