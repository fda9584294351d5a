"""The journey of messages that really went through the hub: what the gateway and the lanes leave is enough for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from agreements.models import Agreement
from management.journey import Journey, get_journey
from management.journey_search import Asked, search
from tests.conftest import Cast
from tests.documents import as_json, location_document, session_document
from tests.live.partner import get_code


def now() -> datetime:
    return datetime.now(UTC)


def look(answer: Any) -> Journey:
    journey = get_journey(answer.headers["X-Correlation-ID"], now=now())
    assert journey is not None
    return journey


def deliver(cast: Cast) -> None:
    """A busy machine may need more than one drain."""
    for _ in range(20):
        cast.hub.deliver()
        if cast.emsp.seen:
            return


def push_location(cast: Cast) -> Any:
    return cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to="NL*HUB")


class TestJourney:
    def test_of_a_broadcast(self, cast: Cast):
        answer = push_location(cast)
        before = look(answer)
        deliver(cast)

        after = look(answer)

        assert [one.state for one in before.receivers] == ["not looked at yet"]
        assert [(one.party, one.state) for one in after.receivers] == [("FR*MSP", "delivered")]
        assert [step.kind for step in after.steps] == ["in", "event", "out"]
        assert after.steps[2].headers["X-Request-ID"] == cast.emsp.seen[-1].headers["x-request-id"]
        assert after.steps[1].facts["stored object today"].startswith("of 2026-")

    def test_of_a_relayed_session(self, cast: Cast):
        body = as_json(session_document())
        answer = cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=body, to="FR*MSP")

        journey = look(answer)

        assert [step.kind for step in journey.steps] == ["in", "out"]
        assert "ROUTE-05" in journey.steps[0].why
        assert journey.steps[1].headers["OCPI-from-party-id"] == cast.emsp.seen[-1].headers["ocpi-from-party-id"]

    def test_of_a_session_that_waits_for_its_receiver(self, cast: Cast):
        Agreement.objects.update(delivery="store_and_forward")
        cast.emsp.platform.is_online = False
        cast.emsp.platform.save()
        cast.hub.settle()
        answer = cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=as_json(session_document()), to="FR*MSP")
        assert get_code(answer) == 1000
        for _ in range(20):
            cast.hub.deliver()
            journey = look(answer)
            if journey.receivers[0].state != "not looked at yet":
                break

        assert [step.kind for step in journey.steps] == ["in", "event"]
        assert [(one.party, one.state) for one in journey.receivers] == [("FR*MSP", "waits")]
        assert "waiting for the partner" in journey.receivers[0].why

    def test_of_a_refused_call(self, cast: Cast):
        answer = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to="XX*ZZZ")

        journey = look(answer)

        assert "ROUTE-15" in " ".join(journey.summary)

    def test_of_a_command_and_its_result(self, cast: Cast):
        cast.cpo.answer_with({"status_code": 1000, "timestamp": "2026-11-22T12:00:00Z", "data": {"result": "ACCEPTED"}})
        body = {"response_url": f"{cast.emsp.peer.url}/results/7", "location_id": "LOC1", "evse_uid": "EVSE1"}
        command = cast.emsp.call(
            "POST", "commands", "UNLOCK_CONNECTOR", body={**body, "connector_id": "1"}, to="NL*CPO"
        )
        alias = json.loads(cast.cpo.seen[-1].body)["response_url"]
        result = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"})

        asked, told = look(command), look(result)

        assert [step.kind for step in asked.steps] == ["in", "out", "in", "out"]
        assert len(told.steps) == 4
        assert "A result came 1 time" in " ".join(asked.summary)

    def test_is_found_by_its_object(self, cast: Cast):
        answer = push_location(cast)
        deliver(cast)

        found = search(Asked(module="locations", owner="nlcpo", object_id="LOC1"), now=now())

        assert [call.correlation_id for call in found] == [answer.headers["X-Correlation-ID"]]
