"""CDRs that are overdue are asked for; and when they are due."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from journal.models import PullRequest
from parties.models import Endpoint, Platform
from reconciliation import tasks
from reconciliation.fetch import ask_for_missing
from reconciliation.models import CdrClock, Finding
from reconciliation.unbilled import find_sessions_without_cdr
from tests.management.cast import make_platform
from tests.reconciliation.stored import ENDED, NOW, get_open, store_cdr, store_session

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def cpo() -> Platform:
    platform = make_platform()
    Endpoint.objects.create(
        platform=platform, module="cdrs", interface="SENDER", url="https://cpo.example.com/ocpi/2.2.1/cdrs"
    )
    return platform


def miss(key: str = "s1", *, now: datetime = NOW, **columns: object) -> None:
    """A session whose CDR is overdue, and found to be."""
    store_session(key, **({"changed_at": now - HOUR} | columns))
    find_sessions_without_cdr(now=now, older_than=HOUR)


def end_all() -> None:
    PullRequest.objects.update(state=PullRequest.State.DONE)


class TestAskForMissing:
    def test_asks_the_cpo_for_the_time_of_what_is_missing(self, cpo):
        miss("s1")
        miss("s2", end_at=ENDED - HOUR)

        assert ask_for_missing(now=NOW) == 1

        request = PullRequest.objects.get()
        assert (request.platform, request.party, request.module, request.reason) == (
            cpo.pk, "nlcpo", "cdrs", "RECONCILIATION"
        )  # fmt: skip
        assert (request.since, request.is_full, request.due_at) == (ENDED - HOUR, False, NOW)
        assert get_open() == [("session_without_cdr", "S1"), ("session_without_cdr", "S2")]

    def test_asks_for_the_list_of_that_party_alone(self, cpo):
        other = make_platform("Other", party="DE*CPX")
        Endpoint.objects.create(platform=other, module="cdrs", interface="SENDER", url="https://x.example.com/cdrs")
        miss()

        ask_for_missing(now=NOW)

        assert [request.party for request in PullRequest.objects.all()] == ["nlcpo"]

    def test_asks_nobody_who_offers_no_list(self):
        make_platform()
        miss()

        assert ask_for_missing(now=NOW) == 0

    def test_asks_no_platform_that_is_suspended(self, cpo):
        Platform.objects.update(state=Platform.State.SUSPENDED)
        miss()

        assert ask_for_missing(now=NOW) == 0

    def test_does_not_ask_while_a_request_is_open(self, cpo):
        miss()
        ask_for_missing(now=NOW)
        miss("s2", now=NOW + HOUR)

        assert ask_for_missing(now=NOW + HOUR) == 0
        assert PullRequest.objects.count() == 1

    def test_asks_again_when_more_are_missing(self, cpo):
        miss()
        ask_for_missing(now=NOW)
        end_all()
        assert ask_for_missing(now=NOW + HOUR) == 0

        miss("s2", now=NOW + HOUR)

        assert ask_for_missing(now=NOW + HOUR) == 1

    def test_asks_once_a_day_for_what_stays_missing_and_gives_up_after_a_week(self, cpo):
        miss()

        asked = []
        for day in range(9):
            asked.append(ask_for_missing(now=NOW + day * (DAY + HOUR)))
            end_all()

        assert asked == [1] * 7 + [0, 0]

    def test_keeps_to_its_number_a_day(self, cpo):
        CdrClock.objects.create(owner="nlcpo", due_after=HOUR, pulls_per_day=2, changed_at=NOW)

        asked = []
        for hour in range(4):
            miss(f"s{hour}", now=NOW + hour * HOUR)
            asked.append(ask_for_missing(now=NOW + hour * HOUR))
            end_all()

        assert asked == [1, 1, 0, 0]

    def test_never_asks_where_staff_forbade_it(self, cpo):
        CdrClock.objects.create(owner="nlcpo", due_after=HOUR, pulls_per_day=0, changed_at=NOW)
        miss()

        assert ask_for_missing(now=NOW) == 0

    def test_does_not_ask_for_what_came(self, cpo):
        miss()
        store_cdr()
        find_sessions_without_cdr(now=NOW + HOUR, older_than=HOUR)

        assert ask_for_missing(now=NOW + HOUR) == 0

    def test_has_a_task(self, cpo):
        assert tasks.ask_for_missing_cdrs(sent_by="a later release") == {"asked": 0}


class TestClocks:
    def test_a_cpo_has_its_own(self, settings):
        settings.HUB_CDR_DUE = 3 * 3600
        CdrClock.objects.create(owner="nlcpo", due_after=HOUR, changed_at=NOW)
        store_session("s1", changed_at=NOW - 2 * HOUR)
        store_session("s2", changed_at=NOW - 2 * HOUR, owner="decpo")

        assert find_sessions_without_cdr(now=NOW) == 1
        assert get_open() == [("session_without_cdr", "S1")]
        assert find_sessions_without_cdr(now=NOW + HOUR) == 1

    def test_a_slower_one_is_waited_for(self, settings):
        settings.HUB_CDR_DUE = 3600
        CdrClock.objects.create(owner="nlcpo", due_after=3 * HOUR, changed_at=NOW)
        store_session("s1", changed_at=NOW - 2 * HOUR)

        assert find_sessions_without_cdr(now=NOW) == 0
        assert find_sessions_without_cdr(now=NOW + HOUR) == 1

    def test_nothing_is_lost_when_one_is_removed(self, settings):
        settings.HUB_CDR_DUE = 3600
        clock = CdrClock.objects.create(owner="nlcpo", due_after=3 * HOUR, changed_at=NOW)
        store_session("s1", changed_at=NOW - 2 * HOUR)
        find_sessions_without_cdr(now=NOW)

        clock.delete()

        assert find_sessions_without_cdr(now=NOW + timedelta(minutes=1)) == 1

    def test_staff_may_overrule_them_all(self):
        CdrClock.objects.create(owner="nlcpo", due_after=3 * HOUR, changed_at=NOW)
        store_session("s1", changed_at=NOW - HOUR)
        store_session("s2", changed_at=NOW - HOUR, owner="decpo")

        assert find_sessions_without_cdr(now=NOW, older_than=timedelta(0)) == 2
        assert Finding.objects.count() == 2
