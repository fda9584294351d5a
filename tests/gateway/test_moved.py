"""A party that has moved to another platform: no URL of before leads to its new one, or serves its old (decision 7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parties.models import Party
from tests.commands.asked import get_alias, start
from tests.conftest import Cast
from tests.documents import as_json, cdr_document
from tests.live.partner import Partner, get_code


@pytest.fixture
def newcomer(cast: Cast, new_partner: Callable[..., Partner]) -> Partner:
    partner = new_partner(("BE*NEW", "CPO"))
    cast.hub.settle()
    return partner


def move(cast: Cast, party_id: str, *, to: Partner) -> None:
    Party.objects.filter(party_id=party_id).update(platform=to.platform)
    cast.hub.settle()


class TestMoved:
    def test_a_link_does_not_take_the_new_platforms_token_to_the_old_one(self, cast: Cast, newcomer: Partner):
        link = f'<{cast.cpo.peer.url}/sender/locations?cursor=abc>; rel="next"'
        page = {"status_code": 1000, "data": [], "timestamp": "2026-11-20T10:00:00Z"}
        cast.cpo.answer_with(page, headers=(("Link", link),))
        first = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")
        move(cast, "CPO", to=newcomer)

        second = cast.emsp.call_url("GET", first.headers["Link"][1:].split(">")[0])

        assert get_code(second) == 4000
        assert len(cast.cpo.seen) == 1
        assert newcomer.seen == []

    def test_nor_does_a_result(self, cast: Cast, newcomer: Partner):  # CMD-05
        start(cast)
        move(cast, "MSP", to=newcomer)

        answer = cast.cpo.call_url("POST", get_alias(cast.cpo), body={"result": "ACCEPTED"})

        assert get_code(answer) == 4001
        assert cast.emsp.seen == newcomer.seen == []

    def test_a_location_serves_neither_platform(self, cast: Cast, newcomer: Partner):  # ROUTE-44
        posted = cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")
        move(cast, "CPO", to=newcomer)

        answers = [partner.call_url("GET", posted.headers["Location"]) for partner in (cast.cpo, newcomer)]

        assert [answer.status_code for answer in answers] == [404, 404]
