"""Who asks for a pull, when, and whose turn it is."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils.timezone import now

from forwarding import pull_claim, tasks
from forwarding.pull import pull_next
from forwarding.pull_ask import ask, ask_missed, ask_scheduled
from forwarding.pull_claim import LeaseLost
from journal.models import PullRequest
from ocpi.times import format_datetime
from parties import presence
from parties.models import Endpoint, Heartbeat, Party, Platform
from parties.pull_schedule import check_pull_schedule
from tests.conftest import Cast
from tests.documents import location_document
from tests.live.partner import LONG_AGO
from tests.parties.http_peer import Handler
from tests.pulls.lists import Lists, get_ids, pull

HOUR = timedelta(hours=1)
STAFF = PullRequest.Reason.STAFF


def request_pull(cast: Cast, *lists: str, **options: Any) -> list[PullRequest]:
    return ask(cast.cpo.platform, lists or ["locations"], reason=STAFF, **{"now": now(), **options})


class TestAsk:
    def test_only_lists_the_platform_has(self, cast: Cast):
        Endpoint.objects.filter(platform=cast.cpo.platform, module="cdrs", interface="SENDER").delete()

        asked = request_pull(cast, "locations", "tokens", "cdrs", "hubclientinfo", "nonsense")

        assert [request.module for request in asked] == ["locations"]

    def test_what_waits_is_not_asked_twice_but_may_become_more(self, cast: Cast):
        first = request_pull(cast, since=LONG_AGO + HOUR)[0]

        again = request_pull(cast, is_full=True, since=LONG_AGO)[0]
        later = request_pull(cast)[0]

        assert PullRequest.objects.count() == 1
        assert (again.pk, again.is_full, again.since) == (first.pk, True, LONG_AGO)
        assert (later.is_full, later.since) == (True, LONG_AGO)

    def test_a_withdrawn_party_is_not_asked(self, cast: Cast):
        Party.objects.filter(platform=cast.cpo.platform).update(is_active=False)

        assert request_pull(cast) == []


class TestSchedule:
    def set(self, cast: Cast, schedule: dict[str, int], **columns: Any) -> None:
        Platform.objects.filter(pk=cast.cpo.platform.pk).update(pull_schedule=schedule, **columns)

    def test_is_off_by_default(self, cast: Cast):
        assert ask_scheduled(now=now()) == 0

    def test_asks_again_after_about_its_hours(self, cast: Cast):
        self.set(cast, {"locations": 6})
        start = now()

        assert ask_scheduled(now=start) == 1
        PullRequest.objects.update(state="DONE", finished_at=start)
        assert ask_scheduled(now=start + 5 * HOUR) == 0
        assert ask_scheduled(now=start + 7 * HOUR) == 1
        assert list(PullRequest.objects.order_by("id").values_list("is_full", flat=True)) == [True, False]

    def test_the_whole_list_once_in_so_many_hours(self, cast: Cast):
        self.set(cast, {"locations": 6, "sessions": 6}, pull_full_hours=24)
        start = now()
        ask_scheduled(now=start)
        PullRequest.objects.update(state="DONE", finished_at=start)

        ask_scheduled(now=start + 25 * HOUR)

        asked = PullRequest.objects.order_by("id").values_list("module", "is_full")
        assert list(asked) == [("locations", True), ("sessions", False)] * 2

    def test_the_whole_list_hardly_ever(self, cast: Cast):
        self.set(cast, {"locations": 6}, pull_full_hours=2**31 - 1)
        start = now()
        ask_scheduled(now=start)
        PullRequest.objects.update(state="DONE", finished_at=start)

        ask_scheduled(now=start + 25 * HOUR)

        assert list(PullRequest.objects.order_by("id").values_list("is_full", flat=True)) == [True, False]

    def test_whoever_is_offline_or_suspended_is_left_alone(self, cast: Cast):
        self.set(cast, {"locations": 6}, is_online=False)
        assert ask_scheduled(now=now()) == 0
        self.set(cast, {"locations": 6}, is_online=True, state="SUSPENDED")
        assert ask_scheduled(now=now()) == 0

    @pytest.mark.parametrize("schedule", [[], {"locations": 0}, {"locations": "6"}, {"weather": 6}, {"cdrs": True}])
    def test_nonsense_is_refused(self, schedule: Any):
        with pytest.raises(ValidationError):
            check_pull_schedule(schedule)

    def test_the_task_asks_and_reads(self, cast: Cast):
        self.set(cast, {"locations": 6})
        Lists(cast.cpo, pages={"locations": [[location_document()]]})

        assert (tasks.pull_lists(), tasks.pull_lists()) == (1, 0)
        assert get_ids(cast.emsp) == ["LOC1"]


class TestReturn:
    """HCI-14."""

    def test_a_platform_that_is_back_is_asked_for_what_it_changed_meanwhile(self, cast: Cast):
        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=location_document(last_updated=format_datetime(now())))
        heard = now() - 5 * HOUR
        Heartbeat.objects.update_or_create(platform=cast.cpo.platform, defaults={"heard_at": heard})
        presence.set_offline(cast.cpo.platform.pk, now=now() - 4 * HOUR)
        assert ask_missed(now=now()) == 0
        presence.record_heard([cast.cpo.platform.pk], now=now())
        lists = Lists(cast.cpo, pages={"tariffs": [[]]})

        assert ask_missed(now=now()) == 4
        assert ask_missed(now=now()) == 0
        while pull_next(clock=now):
            pass

        asked = {seen.path.split("?")[0]: seen.path for seen in lists.seen}
        assert set(asked) == {"/sender/locations", "/sender/tariffs", "/sender/sessions", "/sender/cdrs"}
        done = PullRequest.objects.get(module="locations")
        assert (done.reason, done.is_full, done.date_from) == ("RETURN", False, heard - HOUR)
        assert "date_from" in asked["/sender/locations"]

    def test_not_where_it_is_switched_off(self, cast: Cast, settings: Any):
        settings.HUB_PULL_ON_RETURN = False
        presence.set_offline(cast.cpo.platform.pk, now=now())
        presence.set_online(cast.cpo.platform.pk, now=now())

        assert ask_missed(now=now()) == 0

    def test_a_second_outage_does_not_hide_the_first(self, cast: Cast):
        platform = cast.cpo.platform.pk
        for hours in (9, 5):
            Heartbeat.objects.update_or_create(platform_id=platform, defaults={"heard_at": now() - hours * HOUR})
            presence.set_offline(platform, now=now())
            presence.set_online(platform, now=now())

        since = Heartbeat.objects.get(pk=platform).missed_since
        assert since is not None
        assert since < now() - 8 * HOUR


class TestTurns:
    def test_workers_never_read_two_lists_of_a_platform_however_they_race(self, cast: Cast, settings: Any):
        settings.HUB_PULL_CRAWLS = 8
        request_pull(cast, "locations", "tariffs", "sessions", "cdrs")
        gate, claimed = threading.Barrier(4), []

        def work() -> None:
            try:
                gate.wait(timeout=10)
                claimed.append(pull_claim.claim(now=now()))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert [bool(one) for one in claimed].count(True) == 1

    def test_one_list_of_a_platform_at_a_time(self, cast: Cast, settings: Any):
        settings.HUB_PULL_CRAWLS = 8
        request_pull(cast, "locations", "tariffs")
        ask(cast.emsp.platform, ["tokens"], reason=STAFF, now=now())

        claimed = [pull_claim.claim(now=now()) for _ in range(3)]

        assert [one and one.module for one in claimed] == ["locations", "tokens", None]

    def test_so_many_lists_at_a_time(self, cast: Cast):
        request_pull(cast)
        ask(cast.emsp.platform, ["tokens"], reason=STAFF, now=now())

        assert pull_claim.claim(now=now())
        assert pull_claim.claim(now=now()) is None

    def test_a_list_whose_worker_died_is_read_anew(self, cast: Cast):
        request_pull(cast, now=LONG_AGO)
        dead = pull_claim.claim(now=now() - HOUR)
        assert dead
        Lists(cast.cpo, pages={"locations": [[location_document()]]})

        done = pull_next(clock=now)

        assert done
        assert (done.pk, done.state, done.attempts, done.fence) == (dead.pk, "DONE", 2, 2)
        with pytest.raises(LeaseLost):
            pull_claim.save_progress(dead, now=now())
        pull_claim.fail(dead, error="late", now=now())
        done.refresh_from_db()
        assert (done.state, done.last_error) == ("DONE", "")

    def test_a_worker_that_was_taken_for_dead_writes_nothing(self, cast: Cast):
        request_pull(cast, now=LONG_AGO)
        slow = pull_claim.claim(now=now() - HOUR)
        successor = pull_claim.claim(now=now())
        assert slow
        assert successor

        with pytest.raises(LeaseLost):
            pull_claim.save_progress(slow, now=now())
        pull_claim.fail(slow, error="late", now=now())
        pull_claim.finish(slow, now=now())

        successor.refresh_from_db()
        assert (successor.state, successor.fence, successor.last_error) == ("RUNNING", 2, "")

    def test_a_list_that_kills_its_workers_is_given_up(self, cast: Cast):
        request_pull(cast, now=LONG_AGO)
        for hours in (3, 2, 1):
            assert pull_claim.claim(now=now() - hours * HOUR + timedelta(minutes=hours))

        assert pull_claim.claim(now=now()) is None
        assert PullRequest.objects.get().state == "FAILED"

    def test_three_failures_are_enough(self, cast: Cast):
        lists = Lists(cast.cpo)
        lists.answers["locations", ""] = lambda handler, _: handler.answer(b"no", status=503)
        request_pull(cast)
        moments: list[datetime] = []
        for _ in range(3):
            done = pull_next(clock=now)
            assert done
            moments.append(done.due_at)
            PullRequest.objects.update(due_at=LONG_AGO)

        assert PullRequest.objects.get().state == "FAILED"
        assert pull_next(clock=now) is None
        assert moments[1] - now() > timedelta(minutes=9)

    def test_whoever_is_offline_is_asked_when_it_is_back(self, cast: Cast):
        request_pull(cast)
        presence.set_offline(cast.cpo.platform.pk, now=now())
        assert pull_claim.claim(now=now()) is None

        presence.set_online(cast.cpo.platform.pk, now=now())

        assert pull_claim.claim(now=now())

    def test_a_suspended_platform_is_asked_for_no_further_page(self, cast: Cast):
        lists = Lists(cast.cpo, pages={"locations": [[location_document()], [location_document(id="LOC2")]]})

        def suspend(handler: Handler, query: dict[str, str]) -> None:
            Platform.objects.get(pk=cast.cpo.platform.pk).suspend(now=now())
            connections.close_all()
            lists.answer(handler, "locations", query)

        lists.answers["locations", ""] = suspend
        pull(cast.cpo)

        assert len(lists.seen) == 1

    def test_a_list_that_is_not_there_any_more_fails_for_good(self, cast: Cast):
        request_pull(cast)
        Endpoint.objects.filter(platform=cast.cpo.platform, module="locations").delete()

        done = pull_next(clock=now)

        assert done
        assert (done.state, done.attempts) == ("FAILED", 1)
