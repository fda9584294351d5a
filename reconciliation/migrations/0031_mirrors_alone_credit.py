"""Credits that are no mirror of what they name settled it until now: everything is looked at again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0030_disputes")]

    operations = [migrations.RunSQL("DELETE FROM reconciliation_sweep", migrations.RunSQL.noop)]
