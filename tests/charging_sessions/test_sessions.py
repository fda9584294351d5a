"""Sessions at the running hub: late changes, odd values, what stays as it was told (SESS-03 to SESS-16)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from charging_sessions.models import Session
from charging_sessions.module import LATE
from tests.conftest import Cast
from tests.documents import ABSENT, as_json, session_document
from tests.live.partner import get_code

LATER, LAST = "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"


def put(cast: Cast, *, to: str | None = "NL*HUB", **changes: Any):
    return cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=as_json(session_document(**changes)), to=to)


def patch(cast: Cast, *, path: str = "NL/CPO/S1", to: str = "NL*HUB", **fields: Any):
    return cast.cpo.call("PATCH", "sessions", path, body=as_json(fields), to=to)


def get_listed(cast: Cast) -> list[dict[str, Any]]:
    query = "?date_from=2020-01-01T00:00:00Z"
    return cast.emsp.call("GET", "sessions", query, interface="sender", to="NL*HUB").json()["data"]


class TestFinal:
    @pytest.mark.parametrize("status", ["COMPLETED", "INVALID"])
    def test_late_changes_are_passed_on_and_marked(self, cast: Cast, status: str):  # SESS-08
        put(cast, status=status)
        on_time = Session.objects.get().flags

        late = patch(cast, kwh=13, last_updated=LATER)

        assert on_time == ""
        assert get_code(late) == 1000
        assert [seen.method for seen in cast.emsp.seen] == ["PUT", "PATCH"]
        assert Session.objects.get().flags == LATE
        assert get_listed(cast)[0]["kwh"] == 13

    def test_the_mark_stays(self, cast: Cast):  # SESS-08
        put(cast)
        put(cast, status="ACTIVE", last_updated=LATER)
        put(cast, status="COMPLETED", last_updated=LAST)

        assert Session.objects.get().flags == LATE

    @pytest.mark.parametrize("to", ["NL*HUB", "FR*MSP"])
    def test_a_repeat_is_not_late(self, cast: Cast, to: str):  # SESS-08
        put(cast, to=to)
        put(cast, to=to)

        assert Session.objects.get().flags == ""

    def test_ending_is_not_late(self, cast: Cast):  # SESS-08
        put(cast, status="ACTIVE", end_date_time=ABSENT)
        patch(cast, status="COMPLETED", end_date_time=LATER, last_updated=LATER)

        assert (Session.objects.get().status, Session.objects.get().flags) == ("COMPLETED", "")


class TestContent:
    def test_an_unknown_status_is_kept_and_marked(self, cast: Cast):  # SESS-09, AMB-50, TRANS-44
        answer = put(cast, status="RESERVED")

        session = Session.objects.get()
        assert get_code(answer) == 1000
        assert b'"RESERVED"' in cast.emsp.seen[0].body
        assert (session.is_verified, session.flags) == (
            True, "status: is a value the specification does not know",
        )  # fmt: skip
        assert get_listed(cast)[0]["status"] == "RESERVED"

    @pytest.mark.parametrize("to", ["NL*HUB", "FR*MSP"])
    def test_an_unknown_status_may_be_long(self, cast: Cast, to: str):  # SESS-09, TRANS-44
        answer = put(cast, to=to, status="CHARGING_PAUSED_BY_VEHICLE")

        assert get_code(answer) == 1000
        assert Session.objects.get().is_verified
        assert get_listed(cast)[0]["status"] == "CHARGING_PAUSED_BY_VEHICLE"

    @pytest.mark.parametrize("kwh", [10**14, Decimal("99999999999999.9999999")])
    def test_numbers_beyond_all_measure_are_left_to_the_receiver(self, cast: Cast, kwh: Any):  # AMB-12
        body = as_json(session_document(kwh=0)).replace(b'"kwh":0', b'"kwh":%b' % str(kwh).encode())

        to_hub, relayed = (
            cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=body, to=to) for to in ("NL*HUB", "FR*MSP")
        )

        assert (get_code(to_hub), get_code(relayed)) == (2001, 1000)
        assert [seen.body for seen in cast.emsp.seen] == [body]

    def test_nothing_is_filled_in(self, cast: Cast):  # SESS-15
        put(cast, total_cost=ABSENT)
        assert "total_cost" not in get_listed(cast)[0]

        put(cast, total_cost={"excl_vat": Decimal("0"), "incl_vat": ABSENT})
        assert get_listed(cast)[0]["total_cost"] == {"excl_vat": 0}

    def test_start_and_reference_may_change(self, cast: Cast):  # SESS-10, TOK-15
        put(cast, status="PENDING", authorization_reference="R1")
        patch(cast, start_date_time=LATER, status="ACTIVE", authorization_reference="R2", last_updated=LATER)

        (session,) = get_listed(cast)
        assert (session["start_date_time"], session["authorization_reference"]) == (LATER, "R2")

    @pytest.mark.parametrize("changes", [
        {"evse_uid": "#NA", "connector_id": "#NA", "status": "RESERVATION"},
        {"charging_periods": [
            {"start_date_time": LATER, "dimensions": [{"type": "STATE_OF_CHARGE", "volume": 80}]},
        ]},
    ], ids=["nothing to tell", "a dimension of sessions"])  # fmt: skip
    def test_legal_oddities_are_not_marked(self, cast: Cast, changes: dict[str, Any]):  # TRANS-46, CDR-12
        put(cast, **changes)

        session = Session.objects.get()
        assert (session.is_verified, session.flags) == (True, "")

    def test_why_a_relayed_one_is_not_verified_is_kept(self, cast: Cast):  # AMB-12
        put(cast, to="FR*MSP", currency="EURO")

        session = Session.objects.get()
        assert not session.is_verified
        assert session.flags.startswith("currency")

    def test_one_without_time_gives_way_to_its_correction(self, cast: Cast):  # AMB-12, LOC-16
        put(cast, to="FR*MSP", last_updated=ABSENT)
        put(cast, to="FR*MSP")

        assert [seen.method for seen in cast.emsp.seen] == ["PUT", "PUT"]
        assert [session["id"] for session in get_listed(cast)] == ["S1"]

    def test_one_without_time_is_made_whole_by_a_patch(self, cast: Cast):  # AMB-12, TRANS-30
        put(cast, to="FR*MSP", last_updated=ABSENT)
        cast.cpo.call("PATCH", "sessions", "NL/CPO/S1", body={"last_updated": LATER}, to="FR*MSP")

        assert [session["last_updated"] for session in get_listed(cast)] == [LATER]

    def test_one_without_time_changes_nothing_that_is_known(self, cast: Cast):  # AMB-12
        put(cast, kwh=12)
        put(cast, to="FR*MSP", kwh=13, last_updated=ABSENT)

        assert len(cast.emsp.seen) == 2
        assert [session["kwh"] for session in get_listed(cast)] == [12]


class TestGrowth:
    PERIODS: list[dict[str, Any]] = [
        {"start_date_time": LATER, "dimensions": [{"type": "ENERGY", "volume": n}]} for n in range(20)
    ]

    def test_ends_at_the_size_of_a_body(self, cast: Cast, settings: Any):  # SESS-05
        settings.HUB_MAX_BODY = 3000
        put(cast, status="ACTIVE")
        patch(cast, charging_periods=self.PERIODS, last_updated=LATER)
        held = Session.objects.get().document

        refused = patch(cast, charging_periods=self.PERIODS, last_updated=LAST)

        assert get_code(refused) == 2001
        assert "3000 bytes" in refused.json()["status_message"]
        assert Session.objects.get().document == held
        assert len(cast.emsp.seen) == 2

    def test_of_one_addressed_is_the_receivers_to_judge(self, cast: Cast, settings: Any):  # AMB-12
        settings.HUB_MAX_BODY = 3000
        put(cast, to="FR*MSP", status="ACTIVE")
        patch(cast, to="FR*MSP", charging_periods=self.PERIODS, last_updated=LATER)
        held = Session.objects.get().document

        grown = patch(cast, to="FR*MSP", charging_periods=self.PERIODS, last_updated=LAST)

        assert get_code(grown) == 1000
        assert len(cast.emsp.seen) == 3
        assert Session.objects.get().document == held

    def test_does_not_keep_a_session_from_ending(self, cast: Cast, settings: Any):  # SESS-05
        settings.HUB_MAX_BODY = 3000
        put(cast, status="ACTIVE")
        patch(cast, charging_periods=self.PERIODS, last_updated=LATER)
        patch(cast, charging_periods=self.PERIODS, last_updated=LAST)

        ended = patch(cast, status="COMPLETED", kwh=13, last_updated=LAST)

        assert get_code(ended) == 1000
        assert Session.objects.get().status == "COMPLETED"


class TestUrls:
    def test_there_is_nothing_below_a_session(self, cast: Cast):  # SESS-03
        put(cast)

        assert patch(cast, path="NL/CPO/S1/charging_periods", last_updated=LATER).status_code == 404

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_methods_that_are_not_offered(self, cast: Cast, method: str):  # SESS-03
        assert cast.cpo.call(method, "sessions", "NL/CPO/S1", body={}).status_code == 405

    def test_a_change_of_an_unknown_session_has_no_receiver(self, cast: Cast):  # AMB-24, table 2a
        assert get_code(patch(cast, kwh=1, last_updated=LATER)) == 4001
        assert cast.emsp.seen == []

    def test_two_cpos_may_use_one_id(self, cast: Cast):  # SESS-06
        put(cast)
        document = session_document(owner="DE*CPX", token_owner="IT*MSX")
        cast.other_cpo.call("PUT", "sessions", "DE/CPX/S1", body=as_json(document), to="NL*HUB")

        assert Session.objects.count() == 2
        assert len(get_listed(cast)) == 1
