"""What is kept of the logs: as long as somebody needs it, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from commands.models import Reservation
from forwarding.models import DeadLetter, Lane
from forwarding.purge import purge_old
from forwarding.retention import get_floor, keep_logs
from journal.models import Alias, Event, PullRequest, PullSeen
from journal.partitions import Day, ensure_partitions
from ocpi.calls import Delivery, Role
from parties.models import DetectedQuirk, Platform
from tests.forwarding.cast import CPO, EMSP, NOW, Clock, agree, get_paths, make_platform, run_drain, tell, tell_session
from tests.parties.http_peer import HttpPeer

SF = Delivery.STORE_AND_FORWARD
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def emsp(hub: None, peer: HttpPeer) -> Platform:
    make_platform(CPO, Role.CPO)
    return make_platform(EMSP, Role.EMSP, url=peer.url)


def make_days(*, ago: int) -> None:
    for days in range(0, ago, 2):
        ensure_partitions(NOW - days * DAY, ahead=0)


def has_day(at: datetime, *, log: str = "journal_event") -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [Day(log, at.date()).name])
        return bool(cursor.fetchone()[0])


class TestKeepLogs:
    def test_a_day_stays_while_a_lane_has_to_deliver_it(self, emsp: Platform, peer: HttpPeer, clock: Clock):
        make_days(ago=12)
        agree(CPO, EMSP, delivery=SF)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S1", at=NOW - 10 * DAY)
        tell_session("S2", at=NOW - 1 * DAY)
        run_drain(clock)

        keep_logs(now=NOW)

        assert has_day(NOW - 10 * DAY)
        assert not has_day(NOW - 9 * DAY)  # nothing in it
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now)
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1", "PUT /sessions/NL/CPO/S2"]

        keep_logs(now=NOW)

        assert not has_day(NOW - 10 * DAY)
        assert has_day(NOW - 1 * DAY)
        assert has_day(NOW - 10 * DAY, log="journal_calllog")  # 30 days

    def test_beyond_the_limit_the_lane_jumps_and_the_day_goes(self, emsp: Platform, clock: Clock):
        make_days(ago=16)
        agree(CPO, EMSP, delivery=SF)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S1", at=NOW - 15 * DAY)
        run_drain(clock)

        keep_logs(now=NOW)

        assert not has_day(NOW - 15 * DAY)
        lane = Lane.objects.get(needs_resync=True)
        assert (lane.platform_id, lane.waiting) == (emsp.pk, {})

    def test_what_was_only_not_looked_at_is_delivered_and_not_jumped_over(
        self, emsp: Platform, peer: HttpPeer, clock: Clock
    ):
        """The hub stood still for three weeks."""
        make_days(ago=22)
        agree(CPO, EMSP, delivery=SF)
        run_drain(clock)
        tell_session("S1", at=NOW - 21 * DAY)

        keep_logs(now=NOW)
        run_drain(clock)

        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]

    def test_lanes_with_nothing_before_them_keep_nothing(self, emsp: Platform, clock: Clock):
        """Most sub-lanes never had an event, others none for long: their cursors stay where they are."""
        agree(CPO, EMSP)
        run_drain(clock)
        last = [tell() for _ in range(3)][-1]
        run_drain(clock)

        assert Lane.objects.filter(cursor=0).exists()
        assert get_floor() == last

    def test_the_floor_is_the_last_lane(self, emsp: Platform, clock: Clock):
        agree(CPO, EMSP, delivery=SF)
        first = tell_session("S1")
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        run_drain(clock)
        for number in range(20):
            tell_session(f"S{number}")
        run_drain(clock)

        assert get_floor() == first - 1

    def test_the_days_ahead_are_made(self):
        keep_logs(now=NOW + 400 * DAY)

        assert has_day(NOW + 403 * DAY)
        assert has_day(NOW + 403 * DAY, log="journal_calllog")


class TestForgottenDay:
    def test_the_hub_goes_on_without_it(self, emsp: Platform, peer: HttpPeer, clock: Clock, query: Any):
        """Beat stood still for long: rows go to the default partition, and move when their day is made."""
        clock.now = forgotten = NOW + 800 * DAY
        agree(CPO, EMSP, delivery=SF)
        assert not has_day(forgotten)
        tell_session("S1", at=forgotten)

        assert run_drain(clock) == 1

        assert not has_day(forgotten)
        assert query("SELECT count(*) FROM journal_calllog_default") == [(1,)]
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        waiting = tell_session("S2", at=forgotten)
        run_drain(clock)

        keep_logs(now=forgotten)

        assert has_day(forgotten)
        assert Event.objects.filter(id=waiting).exists()
        assert query("SELECT count(*) FROM journal_event_default") == [(0,)]
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now)
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1", "PUT /sessions/NL/CPO/S2"]


class TestPurge:
    def test_what_is_over_goes_in_pieces_and_the_rest_stays(self, emsp: Platform):
        for days in (-1, 1, 2, 3):
            Alias.objects.create(
                token=f"t{days}", kind="link", user=1, party="nlcpo", target_party="frmsp", module="locations",
                interface="SENDER", url="https://x", created_at=NOW, expires_at=NOW - days * DAY,
            )  # fmt: skip

        assert purge_old(now=NOW, piece=2) == 3

        assert list(Alias.objects.values_list("token", flat=True)) == ["t-1"]

    def test_each_kind_by_its_age(self, emsp: Platform):
        for days in (10, 181, 366):
            at = NOW - days * DAY
            Reservation.objects.create(
                token=f"t{days}", requester="frmsp", reservation_key="r", receiver="nlcpo", asked_at=at
            )
            pull = PullRequest.objects.create(
                platform=emsp.pk, party="frmsp", module="tokens", state="DONE", requested_at=at, due_at=at,
                finished_at=at,
            )  # fmt: skip
            PullSeen.objects.create(request=pull, object_key="x")
            DeadLetter.objects.create(
                platform=emsp, receiver="frmsp", event=days, event_at=at, module="cdrs", method="POST", path="",
                reason="no", created_at=at,
            )  # fmt: skip
        DetectedQuirk.objects.create(
            platform=emsp, quirk="no_patch", first_seen_at=NOW - 300 * DAY, last_seen_at=NOW - 181 * DAY, example=""
        )
        waiting = PullRequest.objects.create(
            platform=emsp.pk, party="frmsp", module="tokens", requested_at=NOW - 366 * DAY, due_at=NOW
        )

        purge_old(now=NOW)

        assert list(Reservation.objects.values_list("token", flat=True)) == ["t10"]
        assert PullRequest.objects.filter(pk=waiting.pk).exists()
        assert PullRequest.objects.count() == 2
        assert sorted(DeadLetter.objects.values_list("event", flat=True)) == [10, 181]
        assert not DetectedQuirk.objects.exists()
