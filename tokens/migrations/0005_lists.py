"""What comes into the lists of the hub or leaves them is noted (`parties.list_counts`); variants are found by their
audience.

The triggers come first: from then on nobody else writes until this is committed, so that the first notes are true.
"""

from __future__ import annotations

from django.db import migrations, models

TRIGGERS = """
CREATE SEQUENCE tokens_token_touched;
CREATE TRIGGER tokens_token_touched BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON tokens_token
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_touched();
CREATE TRIGGER tokens_token_listed AFTER INSERT ON tokens_token REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tokens_token_unlisted AFTER DELETE ON tokens_token REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tokens_token_emptied AFTER TRUNCATE ON tokens_token
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tokens_token_relisted AFTER UPDATE ON tokens_token FOR EACH ROW WHEN (
    (OLD.id, OLD.owner, OLD.audience, OLD.object_key, OLD.deleted_at IS NULL, OLD.is_verified) IS DISTINCT FROM
    (NEW.id, NEW.owner, NEW.audience, NEW.object_key, NEW.deleted_at IS NULL, NEW.is_verified))
EXECUTE FUNCTION parties_note_list_change();
INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
SELECT 'tokens_token', owner, audience, 1, count(*) FILTER (WHERE deleted_at IS NULL AND is_verified)
  FROM tokens_token GROUP BY owner, audience;
"""
DROP = """
DROP TRIGGER tokens_token_touched ON tokens_token;
DROP SEQUENCE tokens_token_touched;
DROP TRIGGER tokens_token_listed ON tokens_token;
DROP TRIGGER tokens_token_unlisted ON tokens_token;
DROP TRIGGER tokens_token_emptied ON tokens_token;
DROP TRIGGER tokens_token_relisted ON tokens_token;
DELETE FROM parties_listchange WHERE shelf = 'tokens_token';
"""


class Migration(migrations.Migration):
    dependencies = [("tokens", "0004_flags"), ("parties", "0008_list_changes")]

    operations = [
        migrations.AddIndex(
            model_name="token",
            index=models.Index(
                condition=models.Q(("audience", ""), _negated=True),
                fields=["audience", "owner", "object_key"],
                name="token_variant",
            ),
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
