"""A platform that was away for longer than the log is kept: it is told the present state, and every CDR."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from agreements.models import Agreement
from forwarding.models import Lane
from forwarding.resync import resync_next
from forwarding.retention import jump_too_old
from journal.batch import sublane_of
from parties import presence
from tests.conftest import Cast
from tests.documents import cdr_document, location_document, session_document, tariff_document
from tests.resync.away import (
    LATER,
    after,
    come_back,
    deliver,
    get_pushed,
    jump,
    push,
    push_location,
)


class TestResync:
    def test_the_present_state_is_told_once(self, promised: Cast):
        push_location(promised, name="old")
        push_location(promised, name="new", last_updated=LATER)
        push(promised.cpo, "PATCH", "locations", "NL/CPO/LOC1/EVSE1", body={"status": "BLOCKED", "last_updated": LATER})
        push(promised.cpo, "PUT", "tariffs", "NL/CPO/T1", body=tariff_document())
        push(promised.cpo, "PUT", "tariffs", "NL/CPO/T2", body=tariff_document(id="T2"))
        push(promised.cpo, "DELETE", "tariffs", "NL/CPO/T2")
        jump(promised)

        assert come_back(promised) == 3

        assert sorted(get_pushed(promised.emsp)) == [
            "DELETE /tariffs/NL/CPO/T2",
            "PUT /locations/NL/CPO/LOC1",
            "PUT /tariffs/NL/CPO/T1",
        ]
        told = next(json.loads(seen.body) for seen in promised.emsp.seen if "LOC1" in seen.path)
        assert (told["name"], told["evses"][0]["status"]) == ("new", "BLOCKED")
        assert not Lane.objects.filter(needs_resync=True).exists()
        assert resync_next(clock=after) is None

    def test_cdrs_and_sessions_are_told_too(self, promised: Cast):
        """They are money: never lost, each once."""
        push(promised.cpo, "PUT", "sessions", "NL/CPO/S1", body=session_document(status="COMPLETED"), to="FR*MSP")
        for number in (1, 2):
            push(promised.cpo, "POST", "cdrs", body=cdr_document(id=f"C{number}"), to="FR*MSP")
        jump(promised)

        come_back(promised)

        assert sorted(get_pushed(promised.emsp)) == ["POST /cdrs", "POST /cdrs", "PUT /sessions/NL/CPO/S1"]
        assert sorted(json.loads(seen.body)["id"] for seen in promised.emsp.seen if seen.method == "POST") == [
            "C1",
            "C2",
        ]

    def test_what_the_receiver_has_judged_is_not_told_again(self, cast: Cast):
        push(cast.cpo, "POST", "cdrs", body=cdr_document(id="TAKEN"), to="FR*MSP")
        Agreement.objects.update(delivery="store_and_forward")
        presence.set_offline(cast.emsp.platform.pk, now=now())
        cast.hub.settle()
        push(cast.cpo, "POST", "cdrs", body=cdr_document(id="WAITS"), to="FR*MSP")
        jump(cast)

        come_back(cast)

        told = [json.loads(seen.body)["id"] for seen in cast.emsp.seen if seen.method == "POST"]
        assert told == ["TAKEN", "WAITS"]

    def test_nobody_else_hears_of_it(self, promised: Cast):
        push_location(promised)
        push(promised.other_cpo, "PUT", "locations", "DE/CPX/L1", body=location_document(owner="DE*CPX", id="L1"))
        jump(promised)
        promised.other_emsp.seen.clear()

        come_back(promised)

        assert get_pushed(promised.emsp) == ["PUT /locations/NL/CPO/LOC1"]
        assert get_pushed(promised.other_emsp) == []
        assert get_pushed(promised.cpo) == []

    def test_a_lane_that_did_not_jump_is_left_alone(self, promised: Cast):
        """What it holds is not told twice."""
        lanes = {id: sublane_of(f"locations:nlcpo:{id.lower()}") for id in ("LOC1", "LOC2", "LOC3", "LOC4")}
        beside = next(id for id in lanes if lanes[id] != lanes["LOC1"])
        push_location(promised, "LOC1")
        push_location(promised, beside)
        deliver(promised, until="seen")
        Lane.objects.filter(sublane=lanes[beside]).update(leased_until=after() + timedelta(seconds=15))
        assert jump_too_old(now=after()) == 1
        Lane.objects.update(leased_until=None)

        come_back(promised)

        assert sorted(get_pushed(promised.emsp)) == [
            "PUT /locations/NL/CPO/LOC1",
            f"PUT /locations/NL/CPO/{beside}",
        ]

    def test_a_variant_reaches_the_one_it_was_for(self, promised: Cast):
        push(promised.cpo, "PUT", "locations", "NL/CPO/LOC1", body=location_document(name="yours"), to="FR*MSP")
        jump(promised)

        come_back(promised)

        assert [json.loads(seen.body)["name"] for seen in promised.emsp.seen] == ["yours"]

    @pytest.mark.parametrize("newer", ["all", "yours"])
    @pytest.mark.parametrize("first", ["all", "yours"])
    def test_of_a_variant_and_what_all_are_told_the_newer_one_is_told(self, promised: Cast, first: str, newer: str):
        """ADR 0012: in whichever order the hub got to know them."""
        for name in sorted(["all", "yours"], key=lambda name: name != first):
            body = location_document(name=name) | ({"last_updated": LATER} if name == newer else {})
            push(promised.cpo, "PUT", "locations", "NL/CPO/LOC1", body=body, to="FR*MSP" if name == "yours" else None)
        jump(promised)

        assert come_back(promised) == 1

        assert [json.loads(seen.body)["name"] for seen in promised.emsp.seen] == [newer]

    def test_what_all_were_told_to_delete_since_is_not_put_again(self, promised: Cast):
        push(promised.cpo, "PUT", "tariffs", "NL/CPO/T1", body=tariff_document())
        push(promised.cpo, "PUT", "tariffs", "NL/CPO/T1", body=tariff_document(), to="FR*MSP")
        push(promised.cpo, "DELETE", "tariffs", "NL/CPO/T1")
        jump(promised)

        come_back(promised)

        assert get_pushed(promised.emsp) == ["DELETE /tariffs/NL/CPO/T1"]
