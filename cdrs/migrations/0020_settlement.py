"""What closing a period asks of a CDR. `cdr_pair_end` is kept where it is: build it with CREATE INDEX CONCURRENTLY."""

from django.db import migrations, models

PAIR_END = models.Index(fields=["owner", "token_owner", "end_at"], include=["id"], name="cdr_pair_end")
SQL = "CREATE INDEX IF NOT EXISTS cdr_pair_end ON cdrs_cdr (owner, token_owner, end_at) INCLUDE (id)"


class Migration(migrations.Migration):
    dependencies = [
        ("cdrs", "0011_matching_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="cdr",
            name="country",
            field=models.CharField(default=None, max_length=3, null=True),
        ),
        migrations.AddField(
            model_name="cdr",
            name="total_cost_incl",
            field=models.DecimalField(decimal_places=6, max_digits=20, null=True),
        ),
        migrations.RunSQL(SQL, "DROP INDEX cdr_pair_end", state_operations=[migrations.AddIndex("cdr", PAIR_END)]),
        migrations.AddIndex(
            model_name="cdr",
            index=models.Index(condition=models.Q(("country__isnull", True)), fields=["id"], name="cdr_unread"),
        ),
    ]
