"""A platform that was away for longer than the log is kept: it is told the present state, and every CDR."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from agreements.models import Agreement
from cdrs.models import Cdr
from forwarding import resync as resync_module
from forwarding.lanes import get_tails
from forwarding.models import Announced, DeadLetter, Lane
from forwarding.resync import resync_next
from forwarding.retention import jump_too_old
from journal.batch import sublane_of
from journal.models import Event
from ocpi.calls import Delivery
from parties import presence
from parties.models import FactsVersion, Platform
from tests.conftest import Cast
from tests.documents import as_json, cdr_document, location_document, session_document, tariff_document, token_document
from tests.forwarding.cast import agree
from tests.live.partner import Partner, get_code
from tests.pulls.lists import Lists, pull

LATER = "2026-11-21T10:00:00Z"
AWAY = timedelta(days=15)


def after() -> datetime:
    """The moment of return. Calls of the tests themselves come before it."""
    return now() + AWAY


@pytest.fixture
def promised(cast: Cast) -> Cast:
    """All that is pushed is promised to be delivered; the eMSP is away."""
    Agreement.objects.update(delivery="store_and_forward")
    presence.set_offline(cast.emsp.platform.pk, now=now())
    cast.hub.settle()
    return cast


def push(
    partner: Partner, method: str, module: str, path: str = "", *, body: Any = None, to: str | None = None
) -> None:
    answer = partner.call(method, module, path, body=None if body is None else as_json(body), to=to)
    assert get_code(answer) == 1000, answer.text


def push_location(cast: Cast, id: str = "LOC1", **changes: Any) -> None:
    push(cast.cpo, "PUT", "locations", f"NL/CPO/{id}", body=location_document(id=id, **changes))


def deliver(cast: Cast, *, until: str = "cursor") -> None:
    """However busy the machine is: until all lanes are done with the log (`cursor`), or have looked at it (`seen`)."""
    for _ in range(20):
        cast.hub.deliver()
        with connection.cursor() as cursor:
            tails = get_tails(cursor)
        lanes = Lane.objects.values_list("sublane", until)
        if all(place >= tails[sublane] for sublane, place in lanes):
            return
    raise AssertionError("the lanes did not come to the end of the log")


def jump(cast: Cast) -> int:
    """The lanes look at what there is, wait for too long, and what they waited for is gone."""
    deliver(cast, until="seen")
    jumped = jump_too_old(now=after())
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal_event")
    return jumped


def have_missed(platform: Platform, *, since: datetime) -> None:
    """All its lanes are at the end of the log, and have jumped over what changed since then."""
    with connection.cursor() as cursor:
        tails = get_tails(cursor)
    jumped = {"needs_resync": True, "resync_since": since, "resync_asked_at": after()}
    for sublane, tail in tails.items():
        Lane.objects.filter(platform=platform, sublane=sublane).update(**jumped, resync_after=tail)


def come_back(cast: Cast) -> int | None:
    presence.set_online(cast.emsp.platform.pk, now=after())
    cast.hub.settle()
    told = resync_next(clock=after)
    deliver(cast)
    return told


def get_pushed(partner: Partner) -> list[str]:
    return [f"{seen.method} {seen.path.removeprefix('/receiver')}" for seen in partner.seen if seen.method != "GET"]


class TestJump:
    def test_a_lane_that_waits_for_too_long_goes_to_the_end_and_says_so(self, promised: Cast, caplog: Any):
        push_location(promised)

        assert jump(promised) == 1

        lane = Lane.objects.get(needs_resync=True)
        assert lane.platform_id == promised.emsp.platform.pk
        assert lane.waiting == {}
        assert "jumped" in lane.last_error
        assert lane.resync_since is not None
        assert any(
            record.levelname == "ERROR" and "is told the present state" in record.message for record in caplog.records
        )

    def test_one_that_is_not_that_late_stays(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")

        assert jump_too_old(now=now() + timedelta(days=13)) == 0
        assert not Lane.objects.filter(needs_resync=True).exists()

    def test_one_that_has_nothing_to_do_stays(self, cast: Cast):
        push_location(cast)
        deliver(cast)

        assert jump_too_old(now=after()) == 0

    def test_one_that_is_worked_on_stays(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")
        Lane.objects.update(leased_until=after() + timedelta(seconds=15))

        assert jump_too_old(now=after()) == 0

    def test_whoever_held_it_can_move_it_no_more(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")
        fence = Lane.objects.exclude(waiting={}).get().fence

        jump_too_old(now=after())

        assert Lane.objects.get(needs_resync=True).fence > fence

    def test_what_it_was_told_of_its_partners_is_compared_anew(self, promised: Cast):
        """HCI-05: those pushes waited in the lane too."""
        Announced.objects.create(
            platform=promised.emsp.platform, party="nlcpo", role="CPO", status="CONNECTED", changed_at=now()
        )
        before = FactsVersion.objects.get().version
        push_location(promised)

        jump(promised)

        assert not Announced.objects.filter(platform=promised.emsp.platform).exists()
        assert FactsVersion.objects.get().version > before


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

    def test_under_plain_relaying_nothing_is_told_late(self, cast: Cast):
        """ROUTE-21: it reads the lists."""
        push_location(cast)
        deliver(cast)
        cast.emsp.seen.clear()
        have_missed(cast.emsp.platform, since=now() - timedelta(days=1))

        assert resync_next(clock=after) == 0
        deliver(cast)

        assert get_pushed(cast.emsp) == []

    def test_a_cdr_that_was_pulled_under_relay_is_not_pushed(self, cast: Cast):
        """ADR 0008: it is stored and served; nobody was promised its delivery, and nobody has judged it."""
        Lists(cast.cpo, pages={"cdrs": [[cdr_document()]]})
        assert pull(cast.cpo, "cdrs").stored == 1
        have_missed(cast.emsp.platform, since=now() - timedelta(days=1))

        assert resync_next(clock=after) == 0
        deliver(cast)

        assert get_pushed(cast.emsp) == []

    def test_what_was_promised_is_told_whatever_was_agreed_since(self, promised: Cast):
        push(promised.cpo, "POST", "cdrs", body=cdr_document(), to="FR*MSP")
        jump(promised)
        agreement = Agreement.objects.get(provider_party="CPO")
        agreement.end(now=now())
        agree(agreement.provider, agreement.consumer, delivery=Delivery.RELAY, valid_from=now())

        come_back(promised)

        assert get_pushed(promised.emsp) == ["POST /cdrs"]

    def test_without_agreement_nothing_is_told(self, promised: Cast):
        push_location(promised)
        jump(promised)
        Agreement.objects.get(provider_party="CPO").end(now=now())

        come_back(promised)

        assert get_pushed(promised.emsp) == []

    def test_while_it_is_away_nothing_happens(self, promised: Cast):
        push_location(promised)
        jump(promised)
        assert resync_next(clock=after) is None

        Platform.objects.filter(pk=promised.emsp.platform.pk).update(state="SUSPENDED", is_online=True)

        assert resync_next(clock=after) is None
        assert Lane.objects.filter(needs_resync=True).exists()

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


def sublane_of_cdr(id: str) -> int:
    return sublane_of(f"cdrs:nlcpo:{id.lower()}")


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
