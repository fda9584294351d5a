"""What is closed cannot be emptied either. TRUNCATE asks no trigger of rows, so it has one of its own.

Only where `hub.may_truncate` is on, as in the tests' throw-away databases: those empty their tables. It keeps accidents
away; who may alter the tables can get around it, as with every trigger.
"""

from django.db import migrations

TABLES = ("settlement_statement", "settlement_line", "settlement_feeline")
FUNCTION = """
CREATE FUNCTION settlement_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hub.may_truncate', true) IS DISTINCT FROM 'on'
       AND EXISTS (SELECT 1 FROM settlement_statement WHERE state = 'closed') THEN
        RAISE EXCEPTION '% holds closed statements, which never change: it cannot be emptied', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def _guard(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_kept_whole BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_truncate()",
        f"DROP TRIGGER {table}_kept_whole ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("settlement", "0004_company_language")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION settlement_refuse_truncate()"),
        *(_guard(table) for table in TABLES),
    ]
