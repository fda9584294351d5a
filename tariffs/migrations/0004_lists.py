"""What comes into the lists of the hub or leaves them is noted (`parties.list_counts`); variants are found by their
audience.

The triggers come first: from then on nobody else writes until this is committed, so that the first notes are true.
"""

from __future__ import annotations

from django.db import migrations, models

TRIGGERS = """
CREATE SEQUENCE tariffs_tariff_touched;
CREATE TRIGGER tariffs_tariff_touched BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON tariffs_tariff
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_touched();
CREATE TRIGGER tariffs_tariff_listed AFTER INSERT ON tariffs_tariff REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tariffs_tariff_unlisted AFTER DELETE ON tariffs_tariff REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tariffs_tariff_emptied AFTER TRUNCATE ON tariffs_tariff
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER tariffs_tariff_relisted AFTER UPDATE ON tariffs_tariff FOR EACH ROW WHEN (
    (OLD.id, OLD.owner, OLD.audience, OLD.object_key, OLD.deleted_at IS NULL, OLD.is_verified) IS DISTINCT FROM
    (NEW.id, NEW.owner, NEW.audience, NEW.object_key, NEW.deleted_at IS NULL, NEW.is_verified))
EXECUTE FUNCTION parties_note_list_change();
INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
SELECT 'tariffs_tariff', owner, audience, 1, count(*) FILTER (WHERE deleted_at IS NULL AND is_verified)
  FROM tariffs_tariff GROUP BY owner, audience;
"""
DROP = """
DROP TRIGGER tariffs_tariff_touched ON tariffs_tariff;
DROP SEQUENCE tariffs_tariff_touched;
DROP TRIGGER tariffs_tariff_listed ON tariffs_tariff;
DROP TRIGGER tariffs_tariff_unlisted ON tariffs_tariff;
DROP TRIGGER tariffs_tariff_emptied ON tariffs_tariff;
DROP TRIGGER tariffs_tariff_relisted ON tariffs_tariff;
DELETE FROM parties_listchange WHERE shelf = 'tariffs_tariff';
"""


class Migration(migrations.Migration):
    dependencies = [("tariffs", "0003_flags"), ("parties", "0008_list_changes")]

    operations = [
        migrations.AddIndex(
            model_name="tariff",
            index=models.Index(
                condition=models.Q(("audience", ""), _negated=True),
                fields=["audience", "owner", "object_key"],
                name="tariff_variant",
            ),
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
