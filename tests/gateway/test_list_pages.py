"""Pages that are kept: whoever may see one gets it as it is now, and nobody else gets it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from agreements.models import Agreement
from journal.connection import connect
from locations.models import Location
from parties import list_pages
from parties.kept import Kept
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.live.partner import LONG_AGO, Partner

LATER = "2026-11-20T11:00:00Z"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()
    monkeypatch.setattr(list_pages, "KEPT", kept)
    return kept


def put(cast: Cast, id: str = "LOC1", **changes: Any) -> None:
    body = as_json(location_document(id=id, **changes))
    assert cast.cpo.call("PUT", "locations", f"NL/CPO/{id}", body=body, to="NL*HUB").ok


def ask(partner: Partner, query: str = "?limit=2") -> requests.Response:
    return partner.call("GET", "locations", query, interface="sender", to="NL*HUB")


def read(partner: Partner, query: str = "?limit=2") -> tuple[list[str], str]:
    """Which objects, out of how many."""
    answer = ask(partner, query)
    return [f"{one['id']} {one['name']}" for one in answer.json()["data"]], answer.headers["X-Total-Count"]


def make_known(partner: Partner) -> None:
    """Asked so often that it is kept."""
    for _ in range(3):
        read(partner)


def put_named(cast: Cast, *ids: str, name: str = "old", **changes: Any) -> None:
    for id in ids:
        put(cast, id, name=name, **changes)


class TestKeptPage:
    def test_is_the_page_as_it_was_read_first(self, cast: Cast, kept: Kept):
        put_named(cast, "L1", "L2", "L3")

        first, *others = [ask(cast.emsp) for _ in range(4)]

        assert kept.size > 0
        for other in others:
            assert other.json()["data"] == first.json()["data"]
            assert [other.headers[name] for name in ("Link", "X-Total-Count", "X-Limit")] == [
                first.headers[name] for name in ("Link", "X-Total-Count", "X-Limit")
            ]

    def test_is_none_whose_rows_change_between_two_questions(self, cast: Cast, kept: Kept):
        for number in range(4):
            put_named(cast, "L1", name=f"no. {number}", last_updated=f"2026-11-20T11:00:0{number}Z")
            read(cast.emsp)

        assert kept.size == 0

    def test_is_not_a_strangers(self, cast: Cast):
        put_named(cast, "L1")
        make_known(cast.emsp)

        seen = [read(cast.other_emsp) for _ in range(3)]

        assert seen == [([], "0")] * 3

    def test_is_not_shown_after_a_change(self, cast: Cast):
        put_named(cast, "L1")
        make_known(cast.emsp)

        put_named(cast, "L1", name="new", last_updated=LATER)

        assert read(cast.emsp) == (["L1 new"], "1")

    def test_is_not_shown_after_a_change_that_was_under_way_when_it_was_kept(self, cast: Cast):
        put_named(cast, "L1")
        other = connect(name="hub test")
        with other.cursor() as cursor:
            cursor.execute("UPDATE locations_location SET document = replace(document, 'old', 'new')")
            make_known(cast.emsp)
            other.commit()
        other.close()

        assert read(cast.emsp) == (["L1 new"], "1")

    def test_is_not_shown_after_the_agreement_has_ended(self, cast: Cast):
        put_named(cast, "L1")
        make_known(cast.emsp)

        Agreement.objects.update(valid_until=LONG_AGO)
        cast.hub.settle()

        assert read(cast.emsp) == ([], "0")

    @pytest.mark.parametrize("change", [{"deleted_at": LATER}, {"is_verified": False}, {"audience": "itmsx"}])
    def test_is_not_shown_when_an_object_is_not_to_be_seen_any_more(self, cast: Cast, change: dict[str, Any]):
        put_named(cast, "L1", "L2")
        make_known(cast.emsp)

        Location.objects.filter(object_key="l1").update(**change)

        assert read(cast.emsp) == (["L2 old"], "1")

    def test_gives_way_to_the_callers_own_variant(self, cast: Cast):  # ROUTE-41
        put_named(cast, "L1")
        make_known(cast.emsp)

        body = as_json(location_document(id="L1", name="mine"))
        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=body, to="FR*MSP")

        assert read(cast.emsp) == (["L1 mine"], "1")

    def test_is_put_together_again_only_where_its_own_rows_changed(
        self, cast: Cast, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ):
        put_named(cast, "L1", "L2", "L3", "L4")
        make_known(cast.emsp)
        monkeypatch.delattr(list_pages, "_read_rows")

        put_named(cast, "L4", name="new", last_updated=LATER)

        assert read(cast.emsp) == (["L1 old", "L2 old"], "4")

    def test_takes_the_place_of_the_one_that_was(self, cast: Cast, kept: Kept):
        put_named(cast, "L1", "L2")
        make_known(cast.emsp)
        size = kept.size

        put_named(cast, "L1", name="new", last_updated=LATER)
        make_known(cast.emsp)

        assert kept.size == size


class TestOffset:
    """`STEP` is 2, so that few objects have many steps."""

    @pytest.fixture(autouse=True)
    def short_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_pages, "STEP", 2)

    def test_leads_to_the_same_objects_as_skipping_does(self, cast: Cast):
        put_named(cast, *(f"L{number}" for number in range(7)))

        pages = [read(cast.emsp, f"?offset={offset}&limit=2")[0] for offset in range(9)]

        every = [f"L{number} old" for number in range(7)]
        assert pages == [every[offset : offset + 2] for offset in range(9)]

    def test_has_no_next_page_behind_the_end(self, cast: Cast):  # TRANS-24
        put_named(cast, "L1", "L2", "L3")

        answer = ask(cast.emsp, "?offset=3")

        assert (answer.json()["data"], answer.headers["X-Total-Count"]) == ([], "3")
        assert "Link" not in answer.headers

    def test_counts_anew_after_an_object_has_gone_and_another_come(self, cast: Cast):
        put_named(cast, *(f"L{number}" for number in range(5)))
        read(cast.emsp, "?offset=2&limit=2")

        Location.objects.filter(object_key="l0").update(deleted_at=LATER)
        put_named(cast, "L9")

        assert read(cast.emsp, "?offset=2&limit=2") == (["L3 old", "L4 old"], "5")
