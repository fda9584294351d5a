from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0003_no_truncate")]

    operations = [
        migrations.RemoveConstraint(model_name="invoice", name="invoice_not_negative"),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(condition=models.Q(("due__gte", 0)), name="invoice_not_negative"),
        ),
    ]
