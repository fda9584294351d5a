"""Commands to nobody by name: the CPO is found by location, session or reservation (table 2a)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commands.models import Reservation
from tests.commands.asked import ACCEPTED, AT, REJECTED, command, hang_up, reserve, start
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document, session_document
from tests.live.partner import Partner, get_code


class TestOpenRouting:
    @pytest.mark.parametrize("to", [None, "NL*HUB"])
    def test_by_location(self, cast: Cast, to: str | None):  # table 2a, ROUTE-31
        _put_location(cast.cpo)

        known = start(cast, to=to)
        unlocked = command(cast, "UNLOCK_CONNECTOR", location_id="loc1", evse_uid="E", connector_id="1", to=to)
        unknown = start(cast, location_id="LOC9", to=to)
        missing = start(cast, location_id=None, to=to)

        assert [get_code(answer) for answer in (known, unlocked, unknown, missing)] == [1000, 1000, 4001, 2001]
        assert known.headers["OCPI-from-party-id"] == "CPO"
        assert [seen.headers["ocpi-to-party-id"] for seen in cast.cpo.seen] == ["CPO", "CPO"]
        assert "data" not in unknown.json()

    def test_by_location_of_two_owners(self, cast: Cast):  # ROUTE-37
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        _put_location(cast.cpo)
        _put_location(cast.other_cpo, evses=[{**location_document()["evses"][0], "uid": "OTHER"}])
        cast.cpo.seen.clear()
        cast.other_cpo.seen.clear()

        both = start(cast, to=None)
        one = start(cast, to=None, evse_uid="other")

        assert (get_code(both), get_code(one)) == (4001, 1000)
        assert (len(cast.cpo.seen), len(cast.other_cpo.seen)) == (0, 1)

    def test_never_by_a_strangers_location(self, cast: Cast):
        _put_location(cast.other_cpo)

        assert get_code(start(cast, to=None)) == 4001
        assert cast.other_cpo.seen == []

    def test_by_session_of_an_own_token(self, cast: Cast):  # CMD-14
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        _put_session(cast.cpo, "S1", "FR*MSP")
        _put_session(cast.cpo, "S2", "IT*MSX")
        cast.cpo.seen.clear()

        mine = command(cast, "STOP_SESSION", session_id="s1", to=None)
        others = command(cast, "STOP_SESSION", session_id="S2", to=None)
        unknown = command(cast, "STOP_SESSION", session_id="S9", to=None)
        missing = command(cast, "STOP_SESSION", to=None)

        assert [get_code(answer) for answer in (mine, others, unknown, missing)] == [1000, 4001, 4001, 2001]
        assert len(cast.cpo.seen) == 1
        assert sorted(json.loads(cast.cpo.seen[0].body)) == ["response_url", "session_id"]

    def test_by_session_of_two_cpos(self, cast: Cast):  # SESS-13
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        _put_session(cast.cpo, "S1", "FR*MSP")
        _put_session(cast.other_cpo, "S1", "FR*MSP")

        assert get_code(command(cast, "STOP_SESSION", session_id="S1", to=None)) == 4001

    def test_by_reservation(self, cast: Cast):  # CMD-13
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        reserve(cast, id="R1")

        mine = command(cast, "CANCEL_RESERVATION", reservation_id="r1", to=None)
        others = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None, caller=cast.other_emsp)
        unknown = command(cast, "CANCEL_RESERVATION", reservation_id="R9", to=None)

        assert [get_code(answer) for answer in (mine, others, unknown)] == [1000, 4001, 4001]
        assert [seen.path.rsplit("/", 1)[1] for seen in cast.cpo.seen] == ["RESERVE_NOW", "CANCEL_RESERVATION"]

    def test_by_the_reservation_that_holds(self, cast: Cast):
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        reserve(cast, to="DE*CPX")
        reserve(cast, to="NL*CPO")
        ambiguous = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)
        alias = next(json.loads(seen.body)["response_url"] for seen in cast.other_cpo.seen)

        cast.other_cpo.call_url("POST", alias, body={"result": "CANCELED_RESERVATION"})
        clear = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)

        assert (get_code(ambiguous), get_code(clear)) == (4001, 1000)
        assert clear.headers["OCPI-from-party-id"] == "CPO"

    def test_by_the_reservation_that_has_not_expired(self, cast: Cast):  # CMD-13
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        reserve(cast, to="DE*CPX", expiry_date=AT)
        reserve(cast, to="NL*CPO")

        clear = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)

        assert get_code(clear) == 1000
        assert clear.headers["OCPI-from-party-id"] == "CPO"

    def test_by_one_that_has_expired_where_there_is_no_other(self, cast: Cast):  # table 2a, CMD-09
        reserve(cast, expiry_date=AT)
        cast.cpo.answer_with(REJECTED)

        late = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)

        assert late.json()["data"] == {"result": "REJECTED", "timeout": 30}

    @pytest.mark.parametrize("expiry", [None, "soon", "2026-02-30T00:00:00Z", 4711])
    def test_by_one_without_a_readable_end(self, cast: Cast, expiry: Any):
        reserve(cast, expiry_date=expiry)

        assert Reservation.objects.get().expires_at is None
        assert get_code(command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)) == 1000

    @pytest.mark.parametrize("answer", [REJECTED, {**ACCEPTED, "status_code": 2001}])
    def test_not_by_one_that_was_refused(self, cast: Cast, answer: dict[str, Any]):
        cast.cpo.answer_with(answer)
        reserve(cast)

        assert Reservation.objects.get().closed_at is not None

    def test_by_one_whose_answer_was_lost_or_accepted(self, cast: Cast):
        cast.cpo.behave = hang_up
        reserve(cast)
        cast.cpo.answer_with(ACCEPTED)
        reserve(cast)

        assert Reservation.objects.filter(closed_at=None).count() == 2

    def test_a_reservation_without_usable_id_goes_nowhere(self, cast: Cast):
        for id in (None, "", "x" * 37, "é"):
            assert get_code(reserve(cast, id=id)) == 2001
        assert cast.cpo.seen == []


def _put_location(partner: Partner, **changes: Any) -> None:
    owner = str(partner.parties[0])
    body = as_json(location_document(owner=owner, **changes))
    assert get_code(partner.call("PUT", "locations", f"{owner.replace('*', '/')}/LOC1", body=body, to="NL*HUB")) == 1000


def _put_session(partner: Partner, id: str, token_owner: str) -> None:
    owner = str(partner.parties[0])
    body = as_json(session_document(owner=owner, id=id, token_owner=token_owner))
    path = f"{owner.replace('*', '/')}/{id}"
    assert get_code(partner.call("PUT", "sessions", path, body=body, to=token_owner)) == 1000
