"""How many objects of whom are in the lists of the hub, and that a table is written to, noted by triggers.

A counter per owner would make writers wait for each other; a note per statement does not. Each table of lists has its
triggers in a migration of its own app.
"""

from __future__ import annotations

from django.db import migrations, models

FUNCTION = """
CREATE FUNCTION parties_note_list_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN  -- of a row, and only where it came into a list or left one
        INSERT INTO parties_listchange (shelf, owner, audience, changes, shown) VALUES
            (TG_TABLE_NAME, OLD.owner, OLD.audience, 1, -(OLD.deleted_at IS NULL AND OLD.is_verified)::int),
            (TG_TABLE_NAME, NEW.owner, NEW.audience, 1, (NEW.deleted_at IS NULL AND NEW.is_verified)::int);
    ELSIF TG_OP = 'TRUNCATE' THEN
        INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
        SELECT shelf, owner, audience, 1, -sum(shown) FROM parties_listchange
         WHERE shelf = TG_TABLE_NAME GROUP BY shelf, owner, audience;
    ELSE
        INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
        SELECT TG_TABLE_NAME, owner, audience, 1,
               CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
                   * count(*) FILTER (WHERE deleted_at IS NULL AND is_verified)
          FROM touched GROUP BY owner, audience;
    END IF;
    RETURN NULL;
END
$$
"""

# Drawn before the statement writes, and after it has locked the table for writing: whoever reads this number, and then
# sees no such lock, knows that the table is as it is until the number has moved (`parties.list_pages`).
TOUCHED = """
CREATE FUNCTION parties_note_list_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval(TG_RELID::regclass || '_touched');
    RETURN NULL;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("parties", "0007_rate_limit")]

    operations = [
        migrations.CreateModel(
            name="ListChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("shelf", models.CharField(db_collation="C", max_length=63)),
                ("owner", models.CharField(db_collation="C", max_length=5)),
                ("audience", models.CharField(db_collation="C", max_length=5)),
                ("changes", models.BigIntegerField()),
                ("shown", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["shelf", "owner", "audience"], include=["changes", "shown"], name="list_change_owner"
                    )
                ],
            },
        ),
        migrations.RunSQL(sql=FUNCTION, reverse_sql="DROP FUNCTION parties_note_list_change()"),
        migrations.RunSQL(sql=TOUCHED, reverse_sql="DROP FUNCTION parties_note_list_touched()"),
    ]
