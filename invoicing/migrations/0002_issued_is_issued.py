"""Issued stays issued: invoices and their files can be neither changed nor deleted, a series never goes back."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION invoicing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invoice that is issued never changes: cancel it by a credit note'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION invoicing_keep_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.issuer <> OLD.issuer OR NEW.year <> OLD.year OR NEW.last <> OLD.last + 1 THEN
        RAISE EXCEPTION 'a series of numbers goes on by one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
DROP_FUNCTIONS = "DROP FUNCTION invoicing_refuse(); DROP FUNCTION invoicing_keep_series();"


def _guard(table, function):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"DROP TRIGGER {table}_kept ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        _guard("invoicing_invoice", "invoicing_refuse"),
        _guard("invoicing_invoicefile", "invoicing_refuse"),
        _guard("invoicing_series", "invoicing_keep_series"),
    ]
