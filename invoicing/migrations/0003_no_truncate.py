"""What is issued cannot be emptied either; see `settlement.0005_no_truncate` for where it may be."""

from django.db import migrations

TABLES = ("invoicing_invoice", "invoicing_invoicefile", "invoicing_series")
FUNCTION = """
CREATE FUNCTION invoicing_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hub.may_truncate', true) IS DISTINCT FROM 'on'
       AND EXISTS (SELECT 1 FROM invoicing_invoice) THEN
        RAISE EXCEPTION '% belongs to issued invoices, which never change: it cannot be emptied', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def _guard(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_kept_whole BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_truncate()",
        f"DROP TRIGGER {table}_kept_whole ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_issued_is_issued")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION invoicing_refuse_truncate()"),
        *(_guard(table) for table in TABLES),
    ]
