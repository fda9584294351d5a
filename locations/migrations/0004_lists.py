"""What comes into the lists of the hub or leaves them is noted (`parties.list_counts`); variants are found by their
audience.

The triggers come first: from then on nobody else writes until this is committed, so that the first notes are true.
"""

from __future__ import annotations

from django.db import migrations, models

TRIGGERS = """
CREATE SEQUENCE locations_location_touched;
CREATE TRIGGER locations_location_touched BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON locations_location
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_touched();
CREATE TRIGGER locations_location_listed AFTER INSERT ON locations_location REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER locations_location_unlisted AFTER DELETE ON locations_location REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER locations_location_emptied AFTER TRUNCATE ON locations_location
FOR EACH STATEMENT EXECUTE FUNCTION parties_note_list_change();
CREATE TRIGGER locations_location_relisted AFTER UPDATE ON locations_location FOR EACH ROW WHEN (
    (OLD.id, OLD.owner, OLD.audience, OLD.object_key, OLD.deleted_at IS NULL, OLD.is_verified) IS DISTINCT FROM
    (NEW.id, NEW.owner, NEW.audience, NEW.object_key, NEW.deleted_at IS NULL, NEW.is_verified))
EXECUTE FUNCTION parties_note_list_change();
INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
SELECT 'locations_location', owner, audience, 1, count(*) FILTER (WHERE deleted_at IS NULL AND is_verified)
  FROM locations_location GROUP BY owner, audience;
"""
DROP = """
DROP TRIGGER locations_location_touched ON locations_location;
DROP SEQUENCE locations_location_touched;
DROP TRIGGER locations_location_listed ON locations_location;
DROP TRIGGER locations_location_unlisted ON locations_location;
DROP TRIGGER locations_location_emptied ON locations_location;
DROP TRIGGER locations_location_relisted ON locations_location;
DELETE FROM parties_listchange WHERE shelf = 'locations_location';
"""


class Migration(migrations.Migration):
    dependencies = [("locations", "0003_flags"), ("parties", "0008_list_changes")]

    operations = [
        migrations.AddIndex(
            model_name="location",
            index=models.Index(
                condition=models.Q(("audience", ""), _negated=True),
                fields=["audience", "owner", "object_key"],
                name="location_variant",
            ),
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
