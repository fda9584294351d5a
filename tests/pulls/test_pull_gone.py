"""What a complete list says by what it lacks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forwarding import pull_gone
from journal.models import Event
from locations.models import Location
from tests.conftest import Cast
from tests.documents import (
    ABSENT,
    as_json,
    cdr_document,
    changed,
    location_document,
    session_document,
    tariff_document,
    token_document,
)
from tests.parties.http_peer import Handler
from tests.pulls.lists import Lists, get_ids, get_pushed, pull, write_page
from tokens.models import Token


class TestGone:
    def push(self, cast: Cast, *ids: str) -> None:
        for id in ids:
            cast.cpo.call("PUT", "locations", f"NL/CPO/{id}", body=location_document(id=id))
            cast.cpo.call("PUT", "tariffs", f"NL/CPO/{id}", body=as_json(tariff_document(id=id)))

    def test_a_complete_list_removes_locations(self, cast: Cast):
        """LOC-17; a location has no DELETE, so nobody hears of it."""
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document()]]})
        before = get_pushed(cast)

        done = pull(cast.cpo, is_full=True)

        assert done.removed == 1
        assert get_ids(cast.emsp) == ["LOC1"]
        assert Location.objects.filter(object_id="LOC9", deleted_at__isnull=False).exists()
        assert get_pushed(cast) == before

    def test_a_complete_list_removes_tariffs_and_partners_hear_it(self, cast: Cast):
        """TAR-05."""
        self.push(cast, "T1", "T9")
        Lists(cast.cpo, pages={"tariffs": [[tariff_document()]]})

        done = pull(cast.cpo, "tariffs", is_full=True)

        assert done.removed == 1
        assert get_ids(cast.emsp, "tariffs") == ["T1"]
        assert [line for line in get_pushed(cast) if line.startswith("DELETE")] == [
            "DELETE /receiver/tariffs/NL/CPO/T9"
        ]

    def test_what_slid_past_between_two_pages_is_not_gone(self, cast: Cast):
        """TRANS-26: as many as before, since one went and one came. T5 slid onto the page that was read already."""
        there = [f"T{number}" for number in range(1, 9)]
        self.push(cast, *there)

        def answer_moving(handler: Handler, query: dict[str, str]) -> None:
            offset = int(query.get("offset", "0"))
            headers = [("X-Total-Count", str(len(there)))]
            if offset + 4 < len(there):
                headers.append(("Link", f'<{lists.get_url("tariffs")}?offset={offset + 4}&limit=4>; rel="next"'))
            page = [tariff_document(id=id) for id in there[offset : offset + 4]]
            handler.answer(write_page(page), headers=tuple(headers))
            if "T1" in there:
                there[:] = [*there[1:], "T9"]

        lists = Lists(cast.cpo, answers={("tariffs", ""): answer_moving})

        moving = pull(cast.cpo, "tariffs", is_full=True)
        served = get_ids(cast.emsp, "tariffs")
        quiet = pull(cast.cpo, "tariffs", is_full=True)

        assert (moving.state, moving.removed, moving.objects_read) == ("DONE", 0, 8)
        assert served == ["T1", *there]  # T1 was named as well, and is known to be gone by the next reading
        assert (quiet.state, quiet.removed) == ("DONE", 1)
        assert get_ids(cast.emsp, "tariffs") == there
        assert [line for line in get_pushed(cast) if line.startswith("DELETE")] == [
            "DELETE /receiver/tariffs/NL/CPO/T1"
        ]

    def test_nothing_is_gone_if_the_second_look_is_cut_short(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        lists = Lists(cast.cpo, pages={"locations": [[location_document()]]}, totals={"locations": 1})

        def answer_once(handler: Handler, query: dict[str, str]) -> None:
            lists.answer(handler, "locations", query)
            lists.totals["locations"] = 2

        lists.answers["locations", ""] = answer_once

        done = pull(cast.cpo, is_full=True)

        assert (done.state, done.removed) == ("DONE", 0)
        assert "nothing was removed: 1 of 2" in done.last_error

    def test_the_database_is_asked_once_what_the_list_lacks(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document()]]})

        with CaptureQueriesContext(connection) as queries:
            done = pull(cast.cpo, is_full=True)

        asked = [query["sql"] for query in queries if 'FROM "locations_location"' in query["sql"]]
        assert done.removed == 1
        assert len([sql for sql in asked if '"deleted_at" IS NULL' in sql]) == 1

    def test_what_comes_back_is_served_again(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        lists = Lists(cast.cpo, pages={"locations": [[location_document()]]})
        pull(cast.cpo, is_full=True)
        lists.pages["locations"] = [[location_document(), location_document(id="LOC9")]]

        pull(cast.cpo)

        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_a_delta_removes_nothing(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document()]], "tariffs": [[tariff_document()]]})

        assert pull(cast.cpo).removed == 0
        assert pull(cast.cpo, "tariffs").removed == 0
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_a_list_that_broke_off_removes_nothing(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        lists = Lists(cast.cpo, pages={"locations": [[location_document()], []]})
        lists.answers["locations", "1"] = lambda handler, _: handler.answer(b"no", status=500)

        assert pull(cast.cpo, is_full=True).removed == 0
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_a_list_that_is_shorter_than_announced_removes_nothing(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document()]]}, totals={"locations": 2})

        done = pull(cast.cpo, is_full=True)

        assert (done.state, done.removed) == ("DONE", 0)
        assert "nothing was removed: 1 of 2" in done.last_error
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_an_object_that_is_listed_broken_is_not_gone(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document(), location_document(id="loc9", coordinates=ABSENT)]]})

        done = pull(cast.cpo, is_full=True)

        assert (done.invalid, done.removed) == (1, 0)
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_an_object_without_an_id_leaves_all_as_it_is(self, cast: Cast):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document(), changed(location_document(), id=ABSENT)]]})

        done = pull(cast.cpo, is_full=True)

        assert (done.state, done.invalid, done.removed) == ("DONE", 1, 0)
        assert "had no id" in done.last_error
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_what_is_pushed_while_the_list_is_read_is_not_gone(self, cast: Cast):
        lists = Lists(cast.cpo)

        def slow(handler: Handler, query: dict[str, str]) -> None:
            self.push(cast, "LOC9")
            lists.answer(handler, "locations", query)

        lists.answers["locations", ""] = slow

        assert pull(cast.cpo, is_full=True).removed == 0
        assert get_ids(cast.emsp) == ["LOC9"]

    def test_what_is_pushed_after_the_last_look_is_not_gone(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        self.push(cast, "LOC1", "LOC9")
        Lists(cast.cpo, pages={"locations": [[location_document()]]})
        confirm = pull_gone.confirm

        def confirm_and_push(*given: Any) -> dict[str, str]:
            gone = confirm(*given)
            self.push(cast, "LOC9")
            return gone

        monkeypatch.setattr(pull_gone, "confirm", confirm_and_push)

        assert pull(cast.cpo, is_full=True).removed == 0
        assert get_ids(cast.emsp) == ["LOC1", "LOC9"]

    def test_a_token_that_is_pushed_after_the_last_look_is_fresh(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """TOK-05."""
        document = token_document(uid="T9")
        cast.emsp.call("PUT", "tokens", "FR/MSP/T9", body=document)
        Lists(cast.emsp)
        commit = pull_gone.commit

        def push_and_commit(committer: Any, jobs: list[Any]) -> Any:
            if jobs:
                cast.emsp.call("PUT", "tokens", "FR/MSP/T9", body=document)
            return commit(committer, jobs)

        monkeypatch.setattr(pull_gone, "commit", push_and_commit)

        assert pull(cast.emsp, "tokens", is_full=True).removed == 0
        assert not Token.objects.filter(stale_at__isnull=False).exists()

    def test_another_party_s_objects_are_not_touched(self, cast: Cast):
        cast.other_cpo.call("PUT", "locations", "DE/CPX/LOC9", body=location_document(owner="DE*CPX", id="LOC9"))
        Lists(cast.cpo)

        assert pull(cast.cpo, is_full=True).removed == 0
        assert get_ids(cast.other_emsp) == ["LOC9"]

    def test_tokens_become_stale_and_are_served_still(self, cast: Cast):
        """TOK-05: only a complete list, and it can take it back."""
        lists = Lists(cast.emsp, pages={"tokens": [[token_document(), token_document(uid="T9")]]})
        pull(cast.emsp, "tokens")
        lists.pages["tokens"] = [[token_document()]]
        pull(cast.emsp, "tokens")
        assert not Token.objects.filter(stale_at__isnull=False).exists()

        done = pull(cast.emsp, "tokens", is_full=True)

        assert done.removed == 1
        assert [token.object_id for token in Token.objects.filter(stale_at__isnull=False)] == ["T9"]
        assert sorted(get_ids(cast.cpo, "tokens")) == ["T9", "TOKEN1"]
        events = Event.objects.count()
        lists.pages["tokens"] = [[token_document(), token_document(uid="T9")]]
        pull(cast.emsp, "tokens", is_full=True)
        assert not Token.objects.filter(stale_at__isnull=False).exists()
        assert Event.objects.count() == events

    @pytest.mark.parametrize("module", ["sessions", "cdrs"])
    def test_sessions_and_cdrs_are_never_gone(self, cast: Cast, module: str):
        """SESS-16, CDR-19."""
        document = session_document if module == "sessions" else cdr_document
        lists = Lists(cast.cpo, pages={module: [[document(id="X1")]]})
        pull(cast.cpo, module)
        lists.pages[module] = [[]]

        done = pull(cast.cpo, module, is_full=True)

        assert (done.state, done.removed) == ("DONE", 0)
        assert get_ids(cast.emsp, module, "?date_from=2026-01-01T00:00:00Z") == ["X1"]
