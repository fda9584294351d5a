"""Credits for another eMSP settled what they named until now, and credits of credits went unnamed: all is looked at
again, and the price of what such a credit had settled is judged again.
"""

from django.db import migrations

AGAIN = """
DELETE FROM reconciliation_rating rating USING cdrs_cdr c, cdrs_cdr credit
 WHERE rating.owner = c.owner AND rating.cdr_key = c.object_key AND NOT c.is_credit
   AND credit.owner = c.owner AND credit.credit_reference_key = c.object_key AND credit.is_credit
   AND credit.token_owner <> c.token_owner;
DELETE FROM reconciliation_sweep;
"""


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0031_mirrors_alone_credit"), ("cdrs", "0010_matching")]

    operations = [migrations.RunSQL(AGAIN, migrations.RunSQL.noop)]
