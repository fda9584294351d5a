"""How many objects a list has, as the triggers note it, beside all rows looked at one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection

from journal.reader import Reads
from locations.models import Location
from parties.list_counts import count, fold
from parties.models import ListChange

pytestmark = pytest.mark.django_db

NOW, LATER = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (10, 11))
TABLE = "locations_location"
OWNERS, CALLER = ["nlcpo", "decpx"], "frmsp"


def keep(object_key: str, *, owner: str = "nlcpo", audience: str = "", **columns: object) -> Location:
    return Location(
        owner=owner,
        object_key=object_key,
        audience=audience,
        object_id=object_key,
        document="{}",
        **{"last_updated": NOW, "received_at": NOW, "changed_at": NOW, **columns},
    )


def count_notes() -> int:
    connection.ensure_connection()
    return count(TABLE, owners=OWNERS, caller=CALLER, reads=Reads(connection.connection)).total


def count_rows() -> int:
    """Of each object the row that the caller was told last, as decision 2 says it."""
    told: dict[tuple[str, str], Location] = {}
    rows = Location.objects.filter(owner__in=OWNERS, audience__in=("", CALLER), is_verified=True)
    for row in rows.order_by("audience"):
        other = told.get((row.owner, row.object_key))
        if other is None or not is_newer(other, than=row):
            told[row.owner, row.object_key] = row
    return sum(row.deleted_at is None for row in told.values())


def is_newer(row: Location, *, than: Location) -> bool:
    if row.deleted_at is None and than.deleted_at is None:
        return row.last_updated > than.last_updated
    return row.changed_at > than.changed_at


def some() -> None:
    Location.objects.bulk_create(
        [
            keep("a"),
            keep("b"),
            keep("c", is_verified=False),
            keep("d", deleted_at=NOW),
            keep("a", owner="decpx"),
            keep("a", owner="sexyz"),
            keep("a", audience=CALLER),
            keep("b", audience="itmsx"),
            keep("e", audience=CALLER, is_verified=False),
        ]
    )


CHANGES: list[Callable[[], object]] = [
    lambda: keep("z").save(),
    lambda: keep("b", audience=CALLER).save(),
    lambda: Location.objects.filter(object_key="b", audience="").update(deleted_at=NOW),
    lambda: Location.objects.filter(object_key="d").update(deleted_at=None),
    lambda: Location.objects.filter(object_key="c").update(is_verified=True),
    lambda: Location.objects.filter(object_key="a", audience=CALLER).update(is_verified=False),
    lambda: Location.objects.filter(object_key="a", audience=CALLER).update(deleted_at=NOW),
    lambda: Location.objects.filter(object_key="a").update(document="[]", changed_at=NOW),
    lambda: Location.objects.filter(object_key="a", audience="").update(last_updated=LATER, changed_at=LATER),
    lambda: Location.objects.filter(object_key="a", audience="").update(deleted_at=LATER, changed_at=LATER),
    lambda: Location.objects.filter(object_key="a", audience=CALLER).update(deleted_at=LATER, changed_at=LATER),
    lambda: Location.objects.filter(owner="sexyz").update(owner="decpx", object_key="y"),
    lambda: Location.objects.filter(object_key="b", audience="itmsx").update(audience=CALLER),
    lambda: Location.objects.filter(owner="nlcpo").delete(),
    lambda: connection.cursor().execute(f"TRUNCATE {TABLE}"),
    fold,
]


class TestCount:
    @pytest.mark.parametrize("change", CHANGES)
    def test_is_that_of_the_rows(self, change: Callable[[], object]):
        some()
        before = count_notes(), count_rows()

        change()

        assert before == (3, 3)
        assert count_notes() == count_rows()

    @pytest.mark.parametrize("change", CHANGES[:7])
    def test_has_another_state_after_whatever_comes_or_goes(self, change: Callable[[], object]):
        some()
        connection.ensure_connection()
        before = count(TABLE, owners=OWNERS, caller=CALLER, reads=Reads(connection.connection))

        change()

        assert count(TABLE, owners=OWNERS, caller=CALLER, reads=Reads(connection.connection)).state > before.state

    def test_has_another_state_after_a_copy_took_the_place_of_a_variant(self):
        some()
        connection.ensure_connection()
        before = count(TABLE, owners=OWNERS, caller=CALLER, reads=Reads(connection.connection))

        Location.objects.filter(object_key="a", audience="").update(last_updated=LATER)

        after = count(TABLE, owners=OWNERS, caller=CALLER, reads=Reads(connection.connection))
        assert (after.total, after.state == before.state) == (before.total, False)

    def test_stays_the_same_while_documents_change(self):
        some()
        notes = ListChange.objects.count()

        Location.objects.update(document="[]", changed_at=NOW)

        assert ListChange.objects.count() == notes


class TestFold:
    def test_leaves_one_note_for_each_owner_and_audience(self):
        some()
        keep("z").save()

        fold()

        assert ListChange.objects.count() == len({(row.owner, row.audience) for row in Location.objects.all()})
        assert ListChange.objects.get(owner="nlcpo", audience="").changes == 2
