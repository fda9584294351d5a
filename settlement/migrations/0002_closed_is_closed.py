"""What is closed stays as it is: neither statement nor line can be changed, added or deleted any more."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION settlement_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'closed' THEN
        RAISE EXCEPTION 'statement % is closed and never changes: correct it by a credit CDR', OLD.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION settlement_refuse_closed_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM settlement_statement s WHERE s.id = OLD.statement_id AND s.state = 'closed') THEN
        RAISE EXCEPTION 'line % belongs to a closed statement and never changes', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION settlement_refuse_more_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT statement_id FROM added) a
          JOIN settlement_statement s ON s.id = a.statement_id WHERE s.state = 'closed'
    ) THEN
        RAISE EXCEPTION 'a closed statement takes no more lines'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION settlement_refuse_closed();
DROP FUNCTION settlement_refuse_closed_line();
DROP FUNCTION settlement_refuse_more_lines();
"""


def _guard(table, function):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_closed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"DROP TRIGGER {table}_closed ON {table}",
    )


def _watch(table, operation):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_{operation.lower()} AFTER {operation} ON {table} REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_more_lines()",
        f"DROP TRIGGER {table}_{operation.lower()} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        _guard("settlement_statement", "settlement_refuse_closed"),
        _guard("settlement_line", "settlement_refuse_closed_line"),
        _guard("settlement_feeline", "settlement_refuse_closed_line"),
        *(
            _watch(table, operation)
            for table in ("settlement_line", "settlement_feeline")
            for operation in ("INSERT", "UPDATE")
        ),
    ]
