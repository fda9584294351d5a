"""The hub reads a partner's lists: over HTTP, with the hub running beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from forwarding.pull import pull_next
from forwarding.pull_ask import ask
from journal.models import CallLog, PullRequest
from locations.models import Location
from ocpi.times import parse_datetime
from parties.models import Party
from tests.conftest import Cast, make_agreement
from tests.documents import (
    ABSENT,
    as_json,
    location_document,
    token_document,
)
from tests.live.partner import LONG_AGO
from tests.parties.http_peer import Handler
from tests.pulls.lists import Lists, get_ids, pull, write_page
from tokens.models import Token

LATER = "2026-11-21T10:00:00Z"


class TestAsking:
    def test_the_party_is_asked_by_the_hub_with_its_token(self, cast: Cast):
        """ROUTE-48."""
        lists = Lists(cast.cpo)

        pull(cast.cpo)

        asked = lists.seen[0].headers
        assert (asked["ocpi-to-country-code"], asked["ocpi-to-party-id"]) == ("NL", "CPO")
        assert (asked["ocpi-from-country-code"], asked["ocpi-from-party-id"]) == ("NL", "HUB")
        assert asked["authorization"].startswith("Token ")
        assert asked["x-request-id"]
        assert asked["x-correlation-id"]

    def test_nothing_is_asked_with_date_to(self, cast: Cast):
        """Partners disagree whether it is inclusive."""
        lists = Lists(cast.cpo)

        for module in ("locations", "tariffs", "sessions", "cdrs"):
            pull(cast.cpo, module)
            pull(cast.cpo, module)

        assert len(lists.seen) == 8
        assert not any("date_to" in seen.path for seen in lists.seen)

    def test_sessions_are_asked_with_date_from_always(self, cast: Cast):
        """SESS-02."""
        lists = Lists(cast.cpo)

        pull(cast.cpo, "sessions", is_full=True)

        assert "date_from=1970-01-01T00%3A00%3A00Z" in lists.seen[0].path

    def test_a_second_pull_asks_from_before_the_first(self, cast: Cast):
        """ROUTE-47, AMB-33."""
        lists = Lists(cast.cpo)
        first = pull(cast.cpo)

        second = pull(cast.cpo)

        assert "date_from" not in lists.seen[0].path
        assert "date_from" in lists.seen[1].path
        assert first.started_at is not None
        assert second.date_from == first.started_at - timedelta(hours=1)

    def test_each_page_is_in_the_call_log(self, cast: Cast):
        Lists(cast.cpo, pages={"locations": [[location_document()], [location_document(id="LOC2")]]})

        pull(cast.cpo)

        rows = list(CallLog.objects.filter(decision="pull").values_list("leg", "platform", "status_code", "receiver"))
        assert rows == [("out", cast.cpo.platform.id, 1000, "nlcpo")] * 2


class TestReading:
    def test_all_pages_are_stored_as_told_and_served(self, cast: Cast):
        """TRANS-25, TRANS-51: cursors, and header names in lower case."""
        odd = b'{"country_code":"NL" , ' + write_location_tail(id="LOC3")
        Lists(cast.cpo, pages={"locations": [[location_document()], [location_document(id="LOC2")], [odd]]})

        done = pull(cast.cpo)

        assert (done.state, done.pages, done.objects_read, done.stored) == ("DONE", 3, 3, 3)
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC3"]
        assert Location.objects.get(object_id="LOC3").document.encode() == odd
        assert get_ids(cast.other_emsp) == []

    def test_the_good_ones_of_a_page_are_kept(self, cast: Cast):
        broken = [location_document(id="BAD", coordinates=ABSENT), 3, {"id": "NOBODY"}, b'{"id":"\\u0000"}']
        Lists(cast.cpo, pages={"locations": [[location_document(), *broken, location_document(id="LOC2")]]})

        done = pull(cast.cpo)

        assert (done.state, done.stored, done.invalid) == ("DONE", 2, 4)
        assert "coordinates" in done.last_error
        assert get_ids(cast.emsp) == ["LOC1", "LOC2"]

    def test_foreign_owners_are_ignored(self, cast: Cast):
        """TRANS-35: also those who have an agreement with this platform's partners."""
        foreign = [location_document(owner="DE*CPX"), location_document(owner="XX*YYY", id="LOC9")]
        Lists(cast.cpo, pages={"locations": [[*foreign, location_document()]]})

        done = pull(cast.cpo)

        assert (done.stored, done.foreign) == (1, 2)
        assert set(Location.objects.values_list("owner", flat=True)) == {"nlcpo"}

    def test_the_wrong_role_owns_nothing(self, cast: Cast):
        """LOC-19: tokens listed by a CPO's platform."""
        Party.objects.filter(platform=cast.cpo.platform).update(role="EMSP")
        Lists(cast.cpo, pages={"tokens": [[token_document(owner="NL*CPO"), token_document(owner="FR*MSP", uid="T2")]]})

        done = pull(cast.cpo, "tokens")

        assert (done.stored, done.foreign) == (1, 1)
        assert list(Token.objects.values_list("owner", flat=True)) == ["nlcpo"]

    def test_last_updated_is_the_owner_s_and_an_older_one_loses(self, cast: Cast):
        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=location_document(last_updated=LATER, name="new"))
        Lists(cast.cpo, pages={"locations": [[location_document(name="old")]]})

        done = pull(cast.cpo)

        kept = Location.objects.get()
        assert '"new"' in kept.document
        assert kept.last_updated == parse_datetime(LATER)
        assert (done.stored, done.unchanged) == (0, 1)

    def test_the_next_page_on_another_host_is_not_asked(self, cast: Cast):
        """The token stays with the platform it is for."""
        other = Lists(cast.other_cpo)
        link = ("Link", f'<{other.get_url("locations")}>; rel="next"')
        answer = lambda handler, _: handler.answer(write_page([location_document()]), headers=(link,))  # noqa: E731
        Lists(cast.cpo, answers={("locations", ""): answer})

        done = pull(cast.cpo)

        assert other.seen == []
        assert (done.state, done.stored) == ("WAITING", 1)
        assert "another host" in done.last_error

    def test_links_without_end_are_not_followed_for_ever(self, cast: Cast):
        lists = Lists(cast.cpo)

        def onward(handler: Handler, query: dict[str, str]) -> None:
            number = int(query.get("cursor", "0")) + 1
            link = f'<{lists.get_url("locations", str(number))}>; rel="next"'
            lists.answers["locations", str(number)] = onward
            handler.answer(write_page([location_document(id=f"L{number}")]), headers=(("Link", link),))

        lists.answers["locations", ""] = onward
        done = pull(cast.cpo, max_pages=7)

        assert len(lists.seen) == 7
        assert (done.state, done.pages) == ("WAITING", 7)

    def test_a_failure_in_the_middle_keeps_what_came_and_begins_anew_later(self, cast: Cast):
        lists = Lists(cast.cpo, pages={"locations": [[location_document()], [location_document(id="LOC2")]]})
        lists.answers["locations", "1"] = lambda handler, _: handler.answer(b"no", status=500)

        failed = pull(cast.cpo)

        assert (failed.state, failed.pages, failed.stored) == ("WAITING", 1, 1)
        assert failed.due_at > now() + timedelta(minutes=4)
        assert "page 2: HTTP 500" in failed.last_error
        lists.answers.clear()
        PullRequest.objects.update(due_at=LONG_AGO)
        done = pull(cast.cpo)
        assert (done.state, done.pages, done.stored, done.unchanged) == ("DONE", 2, 1, 1)

    def test_a_shrinking_list_is_read_again_one_lower(self, cast: Cast):
        """TRANS-26."""
        lists = Lists(cast.cpo)
        ids = ["LOC1", "LOC2", "LOC3", "LOC4"]

        def by_offset(handler: Handler, query: dict[str, str]) -> None:
            offset = int(query.get("offset", "0"))
            if len(lists.seen) == 2:
                ids.remove("LOC1")
            headers = [("X-Total-Count", str(len(ids)))]
            if offset + 2 < len(ids):
                headers.append(("Link", f'<{lists.get_url("locations")}?offset={offset + 2}&limit=2>; rel="next"'))
            page = [location_document(id=id) for id in ids[offset : offset + 2]]
            handler.answer(write_page(page), headers=tuple(headers))

        lists.answers["locations", ""] = by_offset
        done = pull(cast.cpo)

        assert [seen.path.partition("?")[2] for seen in lists.seen] == [
            "limit=1000",
            "offset=2&limit=2",
            "offset=1&limit=2",
        ]
        assert done.state == "DONE"
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC4", "LOC3"]


def write_location_tail(**changes: Any) -> bytes:
    return as_json(location_document(country_code=ABSENT, **changes))[1:]


class TestTwoPartiesOfOnePlatform:
    def test_each_is_asked_for_its_own_list(self, cast: Cast, new_partner: Any):
        """ROUTE-48; a list that holds both parties' objects is fine, and only the asked one's can be gone."""
        mixed = new_partner(("AT*ONE", "CPO"), ("AT*TWO", "CPO"))
        make_agreement("AT*ONE", "FR*MSP")
        make_agreement("AT*TWO", "FR*MSP")
        cast.hub.settle()
        lists = Lists(
            mixed, pages={"locations": [[location_document(owner="AT*ONE"), location_document(owner="AT*TWO")]]}
        )

        asked = ask(mixed.platform, ["locations"], reason=PullRequest.Reason.STAFF, now=now(), is_full=True)
        while pull_next(clock=now):
            pass

        assert [request.party for request in asked] == ["atone", "attwo"]
        assert [seen.headers["ocpi-to-party-id"] for seen in lists.seen] == ["ONE", "TWO"]
        assert [r.removed for r in PullRequest.objects.order_by("id")] == [0, 0]
        assert get_ids(cast.emsp) == ["LOC1", "LOC1"]
