"""A peer hub's list of who is behind it, read by the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import now

from forwarding.pull import pull_next
from forwarding.pull_ask import ask_missed
from journal.models import CallLog, PullRequest
from parties import presence
from parties.announced import ask_for_list
from parties.models import PartyBehind
from tests.conftest import Cast
from tests.gateway.peer_hub import client_info
from tests.live.partner import Partner
from tests.parties.http_peer import Handler
from tests.pulls.lists import Lists, write_page

LIST = "hubclientinfo"


@pytest.fixture
def hub2(cast: Cast, new_partner: Callable[..., Partner]) -> Partner:
    return new_partner(("SE*HU2", "HUB"))


def read(hub2: Partner) -> PullRequest:
    assert ask_for_list(hub2.platform, now=now())
    request = pull_next(clock=now)
    assert request is not None
    assert request.module == LIST
    return request


def get_statuses() -> dict[str, str]:
    return {row.party_id: row.status for row in PartyBehind.objects.order_by("party_id")}


def info(party: str, **changes: Any) -> dict[str, Any]:
    return client_info(f"DK*{party}", "EMSP", **changes)


class TestReading:
    def test_takes_all_pages_between_platforms(self, hub2: Partner):  # ROUTE-01
        lists = Lists(hub2, {LIST: [[info("A")], [info("B", status="OFFLINE")]]}, totals={LIST: 2})

        request = read(hub2)

        assert (request.state, request.pages, request.stored, request.total) == ("DONE", 2, 2, 2)
        assert get_statuses() == {"A": "CONNECTED", "B": "OFFLINE"}
        assert len(lists.seen) == 2
        assert not [name for seen in lists.seen for name in seen.headers if name.startswith("ocpi-")]
        assert CallLog.objects.filter(module=LIST, leg="out", platform=hub2.platform.pk, http_status=200).count() == 2

    def test_who_is_missing_is_gone(self, hub2: Partner):  # HCI-15
        lists = Lists(hub2, {LIST: [[info("A"), info("B")]]})
        read(hub2)
        lists.pages[LIST] = [[info("B")]]

        request = read(hub2)

        assert (request.removed, request.unchanged) == (1, 1)
        assert get_statuses() == {"A": "SUSPENDED", "B": "CONNECTED"}

    def test_who_slid_past_between_two_pages_is_not_gone(self, hub2: Partner):
        """TRANS-26: as many as before, since one went and one came. C slid onto the page that was read already."""
        there = ["A", "B", "C", "D"]
        Lists(hub2, {LIST: [[info(party) for party in there]]})
        read(hub2)

        def answer_moving(handler: Handler, query: dict[str, str]) -> None:
            offset = int(query.get("offset", "0"))
            headers = [("X-Total-Count", str(len(there)))]
            if offset + 2 < len(there):
                headers.append(("Link", f'<{lists.get_url(LIST)}?offset={offset + 2}&limit=2>; rel="next"'))
            handler.answer(write_page([info(party) for party in there[offset : offset + 2]]), headers=tuple(headers))
            if "A" in there:
                there[:] = [*there[1:], "E"]

        lists = Lists(hub2, answers={(LIST, ""): answer_moving})

        moving = read(hub2)
        known = get_statuses()
        quiet = read(hub2)

        assert (moving.state, moving.removed, moving.objects_read, moving.unchanged) == ("DONE", 0, 4, 4)
        assert set(known.values()) == {"CONNECTED"}  # A was named, too, and is known to be gone by the next reading
        assert (quiet.state, quiet.removed) == ("DONE", 1)
        assert get_statuses() == {"A": "SUSPENDED"} | {party: "CONNECTED" for party in there}

    def test_nobody_is_gone_if_the_second_look_is_cut_short(self, hub2: Partner):
        lists = Lists(hub2, {LIST: [[info("A"), info("B")]]})
        read(hub2)
        lists.pages, lists.totals = {LIST: [[info("B")]]}, {LIST: 1}

        def answer_once(handler: Handler, query: dict[str, str]) -> None:
            lists.answer(handler, LIST, query)
            lists.totals[LIST] = 2

        lists.answers[LIST, ""] = answer_once

        assert read(hub2).removed == 0
        assert get_statuses() == {"A": "CONNECTED", "B": "CONNECTED"}

    @pytest.mark.parametrize("odd", [{"party_id": "A"}, "no object", info("B") | {"status": "GONE"}])
    def test_nobody_is_gone_by_what_cannot_be_read(self, hub2: Partner, odd: Any):
        lists = Lists(hub2, {LIST: [[info("A")]]})
        read(hub2)
        lists.pages[LIST] = [[odd, info("C")]]

        request = read(hub2)

        assert (request.state, request.invalid, request.removed) == ("DONE", 1, 0)
        assert request.last_error
        assert get_statuses() == {"A": "CONNECTED", "C": "CONNECTED"}

    def test_nobody_is_gone_by_a_list_that_is_too_short(self, hub2: Partner):
        lists = Lists(hub2, {LIST: [[info("A")]]})
        read(hub2)
        lists.pages, lists.totals = {LIST: [[]]}, {LIST: 1}

        assert read(hub2).removed == 0
        assert get_statuses() == {"A": "CONNECTED"}

    def test_those_who_are_here_stay_here(self, cast: Cast, hub2: Partner):
        Lists(hub2, {LIST: [[client_info("NL*CPO", "CPO"), info("A")]]})

        request = read(hub2)

        assert (request.foreign, request.stored) == (1, 1)
        assert get_statuses() == {"A": "CONNECTED"}

    def test_a_failure_is_tried_again(self, hub2: Partner):
        lists = Lists(hub2, {LIST: [[info("A")]]})
        lists.answers[LIST, ""] = lambda handler, query: handler.answer(b"busy", status=503)

        request = read(hub2)

        assert (request.state, request.attempts) == ("WAITING", 1)
        assert "HTTP 503" in request.last_error
        assert get_statuses() == {}

    def test_who_is_no_hub_any_more_is_not_asked(self, hub2: Partner):
        lists = Lists(hub2, {LIST: [[info("A")]]})
        ask_for_list(hub2.platform, now=now())
        hub2.platform.parties.update(is_active=False)

        request = pull_next(clock=now)

        assert request is not None
        assert request.state == "FAILED"
        assert lists.seen == []


class TestAsking:
    def test_who_came_back_is_asked(self, hub2: Partner):  # HCI-14
        presence.set_offline(hub2.platform.pk, now=now())
        presence.record_heard([hub2.platform.pk], now=now())

        ask_missed(now=now())

        assert [request.module for request in PullRequest.objects.all()] == [LIST]

    def test_partners_are_not_asked_who_is_behind_them(self, cast: Cast):
        assert not ask_for_list(cast.cpo.platform, now=now())
        assert not PullRequest.objects.exists()
