"""A change of agreements is a change of the routing facts."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("parties", "0002_facts_version")]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE TRIGGER agreements_agreement_facts AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
                ON agreements_agreement FOR EACH STATEMENT EXECUTE FUNCTION parties_bump_facts()
            """,
            reverse_sql="DROP TRIGGER agreements_agreement_facts ON agreements_agreement",
        ),
    ]
