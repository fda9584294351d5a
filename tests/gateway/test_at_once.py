"""Two pushes of one object at the same time, stored and forwarded: the receiver ends with the newer one (ROUTE-35)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agreements.models import Agreement
from gateway import directed
from journal.models import CallLog
from locations.models import Location
from tests.conftest import Cast
from tests.documents import as_json, location_document, tariff_document
from tests.live.partner import answer_ok, get_code
from tests.parties.http_peer import Handler

LATER, LATEST = "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"


def put(cast: Cast, name: str, *, at: str, to: str = "FR*MSP") -> None:
    push(cast, "PUT", location_document(name=name, last_updated=at), to=to)


def push(cast: Cast, method: str, body: Any, *, to: str = "FR*MSP") -> None:
    assert get_code(cast.cpo.call(method, "locations", "NL/CPO/LOC1", body=as_json(body), to=to)) == 1000


class Overtaken:
    """The first call that the receiver gets is never answered; another is made, and taken, while it is open."""

    def __init__(self, overtake: Any) -> None:
        self._overtake = overtake
        self._body: bytes | None = None
        self._left = 2  # PUTs are tried twice where a connection breaks

    def __call__(self, handler: Handler) -> None:
        if self._body is None:
            self._body = handler.body
            self._overtake()
        if handler.body == self._body and self._left:
            self._left -= 1
            handler.close_connection = True
        else:
            answer_ok(handler)


class TestOneThatFailsOnItsWay:
    def test_does_not_undo_what_was_taken_meanwhile(self, promised: Cast):
        promised.emsp.behave = Overtaken(lambda: put(promised, "newer", at=LATEST))

        put(promised, "older", at=LATER)
        promised.hub.deliver()

        told = [json.loads(seen.body)["name"] for seen in promised.emsp.seen]
        assert told == ["older", "newer", "older", "newer"]
        assert CallLog.objects.filter(leg="in", decision="forward").count() == 2

    def test_is_not_lost_behind_a_part_that_was_taken_meanwhile(self, promised: Cast):
        change = {"city": "Gouda", "last_updated": LATEST}
        promised.emsp.behave = Overtaken(lambda: push(promised, "PATCH", change))

        put(promised, "older", at=LATER)
        promised.hub.deliver()

        told = json.loads(promised.emsp.seen[-1].body)
        assert (told["name"], told["city"]) == ("older", "Gouda")

    def test_does_not_bring_back_what_was_deleted_meanwhile(self, promised: Cast):
        """It may have arrived, and later than the DELETE: that is told once more."""

        def delete() -> None:
            assert get_code(promised.cpo.call("DELETE", "tariffs", "NL/CPO/T1", to="FR*MSP")) == 1000

        promised.emsp.behave = Overtaken(delete)

        answer = promised.cpo.call("PUT", "tariffs", "NL/CPO/T1", body=as_json(tariff_document()), to="FR*MSP")
        promised.hub.deliver()

        assert get_code(answer) == 1000
        assert [seen.method for seen in promised.emsp.seen] == ["PUT", "DELETE", "PUT", "DELETE"]
        assert CallLog.objects.filter(leg="in", decision="forward").count() == 2


class TestOneThatIsRefused:
    @pytest.mark.parametrize("delivery", ["relay", "store_and_forward"])
    def test_says_nothing_of_the_state_that_was_taken_meanwhile(self, cast: Cast, delivery: str):
        Agreement.objects.update(delivery=delivery)
        cast.hub.settle()

        def behave(handler: Handler) -> None:
            if json.loads(handler.body)["name"] == "older":
                put(cast, "newer", at=LATEST)
                handler.answer(json.dumps({"status_code": 2001}).encode())
            else:
                answer_ok(handler)

        cast.emsp.behave = behave
        body = as_json(location_document(name="older", last_updated=LATER))

        answer = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=body, to="FR*MSP")

        assert get_code(answer) == 2001
        assert Location.objects.get().verdict_code == 1000


class TestBehindWhatWaits:
    def test_they_stand_in_the_lane_as_in_the_store(self, promised: Cast, monkeypatch: pytest.MonkeyPatch):
        """The newer one is stored, and queued, before the older one is."""
        has_waiting = directed.has_waiting

        async def be_overtaken(*given: Any) -> bool:
            monkeypatch.setattr(directed, "has_waiting", has_waiting)
            found = await has_waiting(*given)
            await asyncio.to_thread(put, promised, "newer", at=LATEST)
            return found

        put(promised, "for all", at="2026-11-20T10:00:00Z", to="NL*HUB")
        monkeypatch.setattr(directed, "has_waiting", be_overtaken)

        put(promised, "older", at=LATER)
        promised.hub.deliver()

        told = [json.loads(seen.body)["name"] for seen in promised.emsp.seen]
        assert (told[0], told[-1]) == ("for all", "newer")
        assert "older" not in told
