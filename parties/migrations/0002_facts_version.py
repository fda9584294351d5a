"""Whatever routing facts come from raises their version and says so, in the transaction of the change (decision 8)."""

from __future__ import annotations

from django.db import migrations

# The row comes back by itself should it ever be gone; counting on from the clock, so that nobody takes it for old.
FUNCTION = """
CREATE FUNCTION parties_bump_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO parties_factsversion AS facts (id, version)
    VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    ON CONFLICT (id) DO UPDATE SET version = facts.version + 1;
    NOTIFY facts;
    RETURN NULL;
END
$$;
INSERT INTO parties_factsversion (id, version) VALUES (1, 1);
"""
TABLES = ("parties_platform", "parties_party", "parties_endpoint")


def write_trigger(table: str) -> migrations.RunSQL:
    """One notice per statement, however many rows it changes."""
    return migrations.RunSQL(
        sql=f"""
            CREATE TRIGGER {table}_facts AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION parties_bump_facts()
        """,
        reverse_sql=f"DROP TRIGGER {table}_facts ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=FUNCTION, reverse_sql="DROP FUNCTION parties_bump_facts(); DELETE FROM parties_factsversion;"
        ),
        *(write_trigger(table) for table in TABLES),
    ]
