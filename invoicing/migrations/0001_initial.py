import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import invoicing.models
import settlement.terms


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("settlement", "0002_closed_is_closed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Issuer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "party",
                    models.CharField(
                        db_collation="C", max_length=5, unique=True, validators=[settlement.terms.check_party_key]
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(default=True, help_text="Off: the hub issues no invoices in its name."),
                ),
                (
                    "prefix",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=12,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9/-]*$", "letters, digits, hyphens and slashes only"
                            )
                        ],
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="As {prefix}{year}-{number:06d}; {party} may stand in it, too. Empty: as for all.",
                        max_length=60,
                        validators=[invoicing.models.validate_pattern],
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Blocked",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("problem", models.CharField(max_length=500)),
                ("since", models.DateTimeField()),
                ("tried_at", models.DateTimeField()),
                (
                    "statement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_blocked",
                        to="settlement.statement",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "blocked",
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.CharField(db_collation="C", max_length=5)),
                ("recipient", models.CharField(db_collation="C", max_length=5)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("invoice", "invoice"),
                            ("credit_note", "credit note"),
                            ("fee_invoice", "fee invoice"),
                        ],
                        max_length=12,
                    ),
                ),
                ("year", models.PositiveSmallIntegerField()),
                ("sequence", models.PositiveIntegerField()),
                ("number", models.CharField(max_length=40)),
                (
                    "attempt",
                    models.PositiveSmallIntegerField(default=1, help_text="Above 1: the one before it was cancelled."),
                ),
                ("reason", models.CharField(blank=True, default="", help_text="Of a cancellation.", max_length=200)),
                ("language", models.CharField(max_length=2)),
                ("currency", models.CharField(max_length=3)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("vat", models.DecimalField(decimal_places=4, max_digits=20)),
                ("total", models.DecimalField(decimal_places=4, max_digits=20)),
                ("due", models.DecimalField(decimal_places=4, max_digits=20)),
                ("issue_date", models.DateField()),
                ("due_date", models.DateField()),
                ("period_start", models.DateField()),
                ("period_end", models.DateField()),
                ("document", models.TextField()),
                ("issued_at", models.DateTimeField()),
                (
                    "cancels",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancelled_by",
                        to="invoicing.invoice",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invoices", to="settlement.statement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("pdf", "PDF"), ("xml", "XML")], max_length=3)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="invoicing.invoice"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mailing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("failed", "failed")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "address",
                    models.EmailField(
                        blank=True, default="", help_text="Where it went, or was last tried.", max_length=254
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mailing", to="invoicing.invoice"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.CharField(db_collation="C", max_length=5)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name_plural": "series",
                "constraints": [models.UniqueConstraint(fields=("issuer", "year"), name="series_once")],
            },
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["issuer", "-issued_at"], name="invoice_issuer"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["recipient", "-issued_at"], name="invoice_recipient"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["-issued_at", "-id"], name="invoice_recent"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(fields=("issuer", "year", "sequence"), name="invoice_sequence"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(fields=("issuer", "number"), name="invoice_number"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cancels", None)), fields=("statement", "attempt"), name="invoice_of_statement"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total", django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("vat")))
                ),
                name="invoice_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("due__gte", 0), ("total__gte", 0)), name="invoice_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("attempt__gte", 1), ("sequence__gte", 1)), name="invoice_counts_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicefile",
            constraint=models.UniqueConstraint(fields=("invoice", "kind"), name="invoice_file_once"),
        ),
        migrations.AddIndex(
            model_name="mailing",
            index=models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="mailing_due"),
        ),
        migrations.AddConstraint(
            model_name="mailing",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "sent"), ("sent_at", None), _connector="XOR"),
                name="mailing_sent_has_moment",
            ),
        ),
    ]
