"""Store and forward: what is pushed to one party comes in order with all else of the same object (ROUTE-35)."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection
from django.utils.timezone import now

from journal.batch import sublane_of
from journal.models import CallLog, Event
from parties import presence
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.forwarding.receivers import answer_with
from tests.live.partner import get_code

LATER = "2026-11-20T11:00:00Z"


def put(cast: Cast, id: str = "LOC1", *, to: str, **changes: Any) -> Any:
    body = as_json(location_document(id=id, **changes))
    return cast.cpo.call("PUT", "locations", f"NL/CPO/{id}", body=body, to=to)


def get_sublane(id: str) -> int:
    return sublane_of(f"locations:nlcpo:{id.lower()}")


class TestPushToOneParty:
    def test_waits_behind_what_is_told_to_all(self, promised: Cast):
        put(promised, to="NL*HUB", name="for all")

        answer = put(promised, to="FR*MSP", name="for one", last_updated=LATER)
        promised.hub.deliver()

        assert get_code(answer) == 1000
        assert "later" in answer.json()["status_message"]
        assert [json.loads(seen.body)["name"] for seen in promised.emsp.seen] == ["for all", "for one"]

    def test_does_not_wait_behind_what_was_sent_while_the_lane_waits_for_another_object(self, promised: Cast):
        beside = next(f"LOC{n}" for n in range(2, 99) if get_sublane(f"LOC{n}") == get_sublane("STUCK"))
        promised.emsp.behave = answer_with(3000, only="STUCK")
        put(promised, "STUCK", to="NL*HUB")
        put(promised, beside, to="NL*HUB", name="for all")
        promised.hub.deliver()

        answer = put(promised, beside, to="FR*MSP", name="for one", last_updated=LATER)

        assert "status_message" not in answer.json()
        assert json.loads(promised.emsp.seen[-1].body)["name"] == "for one"

    def test_joins_the_lane_of_one_that_is_away_as_it_is_stored(self, promised: Cast):
        """In one transaction: the lane has the order of the store, however many are pushed at the same time."""
        presence.set_offline(promised.emsp.platform.pk, now=now())
        promised.hub.settle()

        put(promised, to="FR*MSP")

        with connection.cursor() as cursor:
            cursor.execute("SELECT event.xmin = kept.xmin FROM journal_event event, locations_location kept")
            assert cursor.fetchall() == [(True,)]
        assert CallLog.objects.filter(leg="in", decision="forward").count() == 1

    def test_is_answered_by_the_hub_as_what_it_does_there(self, promised: Cast):  # TRANS-13
        put(promised, "LOC2", to="NL*HUB")
        presence.set_offline(promised.emsp.platform.pk, now=now())
        promised.hub.settle()
        change = {"name": "new", "last_updated": LATER}

        answers = [
            put(promised, to="FR*MSP"),
            put(promised, to="FR*MSP", last_updated=LATER),
            promised.cpo.call("PATCH", "locations", "NL/CPO/LOC2", body=change, to="FR*MSP"),
        ]

        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert all("later" in answer.json()["status_message"] for answer in answers)
        told = CallLog.objects.filter(leg="in", decision="forward").order_by("id").values_list("http_status", flat=True)
        assert list(told) == [201, 200, 200]

    def test_of_an_older_state_joins_the_lane_too(self, promised: Cast):
        """Its receiver judges, not the hub."""
        presence.set_offline(promised.emsp.platform.pk, now=now())
        promised.hub.settle()

        put(promised, to="FR*MSP", name="newer", last_updated=LATER)
        answer = put(promised, to="FR*MSP", name="older")

        assert "later" in answer.json()["status_message"]
        assert [json.loads(body)["name"] for body in Event.objects.order_by("id").values_list("body", flat=True)] == [
            "newer",
            "older",
        ]
        assert CallLog.objects.filter(leg="in", decision="forward").count() == 2

    def test_does_not_wait_behind_another_object(self, promised: Cast):
        put(promised, "LOC2", to="NL*HUB")

        put(promised, to="FR*MSP", name="for one")

        assert [json.loads(seen.body)["name"] for seen in promised.emsp.seen] == ["for one"]
