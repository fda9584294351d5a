"""What comes after the lanes have jumped, or while it is told again: nothing twice, nothing older behind newer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from agreements.models import Agreement
from cdrs.models import Cdr
from forwarding import resync as resync_module
from forwarding.models import DeadLetter
from forwarding.resync import resync_next
from forwarding.retention import jump_too_old
from journal.models import Event
from parties import presence
from tests.conftest import Cast
from tests.documents import cdr_document, location_document, token_document
from tests.resync.away import (
    AWAY,
    LATER,
    after,
    come_back,
    deliver,
    get_pushed,
    jump,
    push,
    push_location,
    sublane_of_cdr,
)


class Died(BaseException):
    pass


def _dying(commit: Any, *, at_call: int) -> Any:
    calls = iter(range(1, 1000))

    def work(*args: Any) -> Any:
        done = commit(*args)
        if next(calls) == at_call:
            raise Died
        return done

    return work


class TestSince:
    def test_what_was_pushed_since_it_jumped_is_in_the_lane_already(self, promised: Cast):
        push(promised.cpo, "POST", "cdrs", body=cdr_document(), to="FR*MSP")
        jump(promised)
        push(promised.cpo, "POST", "cdrs", body=cdr_document(), to="FR*MSP")  # its CPO has no answer, and repeats it
        Event.objects.filter(module="cdrs").update(at=after())

        come_back(promised)

        assert get_pushed(promised.emsp) == ["POST /cdrs"]

    def test_a_token_of_the_same_uid_that_was_pushed_since_does_not_stand_for_another(self, cast: Cast):  # TOK-03
        Agreement.objects.update(delivery="store_and_forward")
        presence.set_offline(cast.cpo.platform.pk, now=now())
        cast.hub.settle()
        push(cast.emsp, "PUT", "tokens", "FR/MSP/TOKEN1", body=token_document())
        app = token_document(type="APP_USER")
        push(cast.emsp, "PUT", "tokens", "FR/MSP/TOKEN1?type=APP_USER", body=app)
        jump(cast)
        push(cast.emsp, "PUT", "tokens", "FR/MSP/TOKEN1?type=APP_USER", body=app | {"last_updated": LATER})
        Event.objects.update(at=after())
        presence.set_online(cast.cpo.platform.pk, now=after())
        cast.hub.settle()

        resync_next(clock=after)
        deliver(cast)

        assert sorted(json.loads(seen.body)["type"] for seen in cast.cpo.seen) == ["APP_USER", "RFID"]

    def test_what_a_lane_jumped_over_after_another_had_jumped_is_told(self, promised: Cast):
        """Each lane goes by its own moment: the second CDR came after the first one's lane had jumped."""
        first, second = "C0", next(id for id in ("C1", "C2", "C3", "C4") if sublane_of_cdr(id) != sublane_of_cdr("C0"))
        jumped_at = after()
        push(promised.cpo, "POST", "cdrs", body=cdr_document(id=first), to="FR*MSP")
        deliver(promised, until="seen")
        assert jump_too_old(now=jumped_at) == 1
        push(promised.cpo, "POST", "cdrs", body=cdr_document(id=second), to="FR*MSP")
        Event.objects.filter(sublane=sublane_of_cdr(second)).update(at=jumped_at + timedelta(hours=1))
        Cdr.objects.filter(object_id=second).update(changed_at=jumped_at + timedelta(hours=1))
        deliver(promised, until="seen")
        assert jump_too_old(now=jumped_at + AWAY) == 1

        come_back(promised)

        assert sorted(json.loads(seen.body)["id"] for seen in promised.emsp.seen) == [first, second]

    def test_what_came_just_before_the_jump_is_told_however_the_clocks_go(self, promised: Cast):
        """The web host's clock is ahead of that of the worker that makes the lane jump."""
        push(promised.cpo, "POST", "cdrs", body=cdr_document(), to="FR*MSP")
        deliver(promised, until="seen")
        jump_too_old(now=after())
        Event.objects.filter(module="cdrs").update(at=after() + timedelta(minutes=1))

        come_back(promised)

        assert get_pushed(promised.emsp) == ["POST /cdrs"]

    def test_a_part_that_was_pushed_since_does_not_stand_for_the_whole(self, promised: Cast):
        push_location(promised, name="the name it missed", last_updated=LATER)
        jump(promised)
        evse = location_document()["evses"][0] | {"last_updated": "2026-11-21T11:00:00Z"}
        push(promised.cpo, "PUT", "locations", f"NL/CPO/LOC1/{evse['uid']}", body=evse)
        Event.objects.update(at=after())

        come_back(promised)

        assert "PUT /locations/NL/CPO/LOC1" in get_pushed(promised.emsp)

    def test_what_changes_while_it_is_read_is_told_as_it_is_then(self, promised: Cast, monkeypatch: pytest.MonkeyPatch):
        """The PATCH is in the lane already: a state from before, told behind it, would undo it."""
        push_location(promised)
        jump(promised)
        blocked = {"status": "BLOCKED", "last_updated": LATER}
        commit = resync_module.commit

        def commit_late(*args: Any) -> Any:
            monkeypatch.setattr(resync_module, "commit", commit)
            push(promised.cpo, "PATCH", "locations", "NL/CPO/LOC1/EVSE1", body=blocked)
            return commit(*args)

        monkeypatch.setattr(resync_module, "commit", commit_late)
        come_back(promised)

        assert json.loads(promised.emsp.seen[-1].body)["evses"][0]["status"] == "BLOCKED"
        assert get_pushed(promised.emsp)[-1] == "PUT /locations/NL/CPO/LOC1"

    def test_a_crash_in_the_middle_tells_no_cdr_twice(self, promised: Cast, monkeypatch: pytest.MonkeyPatch):
        for number in range(6):
            push(promised.cpo, "POST", "cdrs", body=cdr_document(id=f"C{number}"), to="FR*MSP")
        jump(promised)
        presence.set_online(promised.emsp.platform.pk, now=after())
        promised.hub.settle()
        with monkeypatch.context() as patched:
            patched.setattr(resync_module, "CHUNK", 2)
            patched.setattr(resync_module, "commit", _dying(resync_module.commit, at_call=2))
            with pytest.raises(Died):
                resync_next(clock=after)
        assert resync_next(clock=after) is None  # who died holds it for a while

        resync_next(clock=lambda: after() + timedelta(minutes=10))
        deliver(promised)

        told = sorted(json.loads(seen.body)["id"] for seen in promised.emsp.seen)
        assert told == [f"C{number}" for number in range(6)]
        assert not DeadLetter.objects.exists()
