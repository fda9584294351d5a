"""The hub reads a partner's lists: over HTTP, with the hub running beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from agreements.models import Agreement
from forwarding.pull import pull_next
from forwarding.pull_ask import ask
from journal.models import CallLog, Event, PullRequest
from locations.models import Location
from ocpi.calls import Delivery
from ocpi.times import parse_datetime
from parties.models import Party
from tests.conftest import Cast, make_agreement
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
from tests.live.partner import LONG_AGO
from tests.parties.http_peer import Handler
from tests.pulls.lists import Lists, get_ids, pull, write_page
from tokens.models import Token

LATER = "2026-11-21T10:00:00Z"


def get_pushed(cast: Cast) -> list[str]:
    cast.hub.deliver()
    return [f"{seen.method} {seen.path}" for seen in cast.emsp.seen if seen.method != "GET"]


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
            "limit=250",
            "offset=2&limit=2",
            "offset=1&limit=2",
        ]
        assert done.state == "DONE"
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC4", "LOC3"]


def write_location_tail(**changes: Any) -> bytes:
    return as_json(location_document(country_code=ABSENT, **changes))[1:]


class TestTelling:
    def test_partners_hear_of_what_changed_and_the_owner_does_not(self, cast: Cast):
        """ROUTE-23, ROUTE-33."""
        lists = Lists(cast.cpo, pages={"locations": [[location_document()]]})
        pull(cast.cpo)
        assert get_pushed(cast) == ["PUT /receiver/locations/NL/CPO/LOC1"]

        again = pull(cast.cpo)

        assert (again.stored, again.unchanged) == (0, 1)
        assert len(get_pushed(cast)) == 1
        lists.pages["locations"] = [[location_document(name="changed", last_updated=LATER)]]
        pull(cast.cpo)
        assert len(get_pushed(cast)) == 2
        assert [seen.method for seen in cast.cpo.seen] == ["GET"] * 3
        assert not [seen for seen in cast.other_emsp.seen if seen.method == "PUT"]

    def test_a_platform_hears_no_echo_in_another_role(self, cast: Cast, new_partner: Any):
        """ROUTE-33."""
        mixed = new_partner(("AT*ONE", "CPO"), ("AT*TWO", "EMSP"))
        make_agreement("AT*ONE", "AT*TWO")
        make_agreement("AT*ONE", "FR*MSP")
        cast.hub.settle()
        cast.hub.deliver()
        Lists(mixed, pages={"locations": [[location_document(owner="AT*ONE")]]})

        pull(mixed)

        assert get_pushed(cast) == ["PUT /receiver/locations/AT/ONE/LOC1"]
        assert [seen.method for seen in mixed.seen] == ["GET"]

    def test_what_was_pushed_before_is_no_news(self, cast: Cast):
        cast.cpo.call("PUT", "tariffs", "NL/CPO/T1", body=b" " + write_tariff())
        Lists(cast.cpo, pages={"tariffs": [[tariff_document()]]})

        assert pull(cast.cpo, "tariffs").unchanged == 1
        assert Event.objects.count() == 1

    def test_a_token_is_pushed_with_its_type(self, cast: Cast):
        """TOK-03."""
        Lists(cast.emsp, pages={"tokens": [[token_document(), token_document(uid="T2", type="APP_USER")]]})

        pull(cast.emsp, "tokens")

        cast.hub.deliver()
        pushed = sorted(seen.path for seen in cast.cpo.seen if seen.method == "PUT")
        assert pushed == ["/receiver/tokens/FR/MSP/T2?type=APP_USER", "/receiver/tokens/FR/MSP/TOKEN1"]

    @pytest.mark.parametrize("module", ["sessions", "cdrs"])
    def test_sessions_and_cdrs_are_served_to_the_token_s_owner_only(self, cast: Cast, module: str):
        document = session_document if module == "sessions" else cdr_document
        objects = [document(id="X1"), document(id="X2", token_owner="IT*MSX")]
        Lists(cast.cpo, pages={module: [objects]})

        done = pull(cast.cpo, module)

        assert done.stored == 2
        assert get_ids(cast.emsp, module, "?date_from=2026-01-01T00:00:00Z") == ["X1"]
        assert get_ids(cast.other_emsp, module, "?date_from=2026-01-01T00:00:00Z") == []
        assert get_pushed(cast) == []

    @pytest.mark.parametrize(
        ("module", "pushed"), [("sessions", "PUT /receiver/sessions/NL/CPO/X1"), ("cdrs", "POST /receiver/cdrs")]
    )
    def test_where_delivery_was_promised_they_are_told(self, cast: Cast, module: str, pushed: str):
        Agreement.objects.update(delivery=Delivery.STORE_AND_FORWARD)
        cast.hub.settle()
        document = session_document if module == "sessions" else cdr_document
        Lists(cast.cpo, pages={module: [[document(id="X1"), document(id="X2", token_owner="IT*MSX")]]})

        pull(cast.cpo, module)
        pull(cast.cpo, module)

        assert get_pushed(cast) == [pushed]
        assert not [seen for seen in cast.other_emsp.seen if seen.method != "GET"]

    def test_a_cdr_with_other_content_does_not_replace_one_that_was_accepted(self, cast: Cast):
        """CDR-04."""
        cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()))
        Lists(cast.cpo, pages={"cdrs": [[cdr_document(remark="other")]]})

        done = pull(cast.cpo, "cdrs")

        assert (done.stored, done.invalid) == (0, 1)
        assert "CDR-05" in done.last_error


def write_tariff() -> bytes:
    return as_json(tariff_document())


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
