"""Who is alive (HCI-11, HCI-12)."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from agreements.network import get_version
from ocpi.calls import ConnectionStatus
from parties import presence
from parties.models import Heartbeat, Platform
from tests.parties.fake_platform import run_platform
from tests.parties.http_peer import Handler, serve

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=6)
SILENCE = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.HUB_REQUIRE_HTTPS = False
    settings.HUB_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]


def make_platform(name: str = "Blue", **changes: Any) -> Platform:
    values = {
        "state": Platform.State.REGISTERED,
        "token_out": "out",
        "registered_at": NOW,
        "changed_at": NOW,
        "versions_url": "http://127.0.0.1:1/versions",
    }
    return Platform.objects.create(name=name, **(values | changes))


class TestDueProbes:
    def test_names_the_silent_longest_unheard_first(self) -> None:
        quiet, quieter, chatting = make_platform("quiet"), make_platform("quieter"), make_platform("chatting")
        presence.record_heard([quiet.id], now=NOW - timedelta(minutes=1))
        presence.record_heard([quieter.id], now=NOW - timedelta(hours=1))
        presence.record_heard([chatting.id], now=LATER - timedelta(minutes=4))

        assert presence.due_probes(now=LATER, silence=SILENCE) == [quieter.id, quiet.id]

    def test_names_first_whom_nobody_probed_then_the_longest_not_probed(self) -> None:
        """However many never answer and are due again soon: they are behind whoever was not asked meanwhile."""
        hanging, well, away, new = (make_platform(name) for name in ("hanging", "well", "away", "new"))
        for platform, minutes, failures in ((hanging, 2, 9), (well, 10, 0), (away, 1, 2)):
            probed_at = LATER - timedelta(minutes=minutes)
            Heartbeat.objects.create(
                platform=platform, heard_at=NOW - timedelta(hours=1), probed_at=probed_at, failures=failures
            )
        Platform.objects.filter(pk=away.pk).update(is_online=False)

        due = presence.due_probes(now=LATER, silence=SILENCE)

        assert due == [new.id, well.id, hanging.id, away.id]

    def test_names_sooner_who_is_away_or_sick(self) -> None:
        away, sick, well = make_platform("away", is_online=False), make_platform("sick"), make_platform("well")
        for platform, seconds in ((away, 20), (sick, 16), (well, 20)):
            probed_at = LATER - timedelta(seconds=seconds)
            Heartbeat.objects.create(platform=platform, heard_at=NOW, probed_at=probed_at)

        assert presence.due_probes(now=LATER, silence=SILENCE, sick=[sick.id]) == [away.id, sick.id]
        assert presence.due_probes(now=LATER - timedelta(seconds=6), silence=SILENCE, sick=[sick.id]) == []

    def test_counts_from_the_registration_where_nothing_was_heard(self) -> None:
        platform = make_platform()

        assert presence.due_probes(now=NOW + timedelta(minutes=4), silence=SILENCE) == []
        assert presence.due_probes(now=LATER, silence=SILENCE) == [platform.id]

    def test_goes_on_probing_who_is_offline(self) -> None:
        platform = make_platform(is_online=False)

        assert presence.due_probes(now=LATER, silence=SILENCE) == [platform.id]

    @pytest.mark.parametrize("state", ["PLANNED", "SUSPENDED"])
    def test_leaves_the_unregistered_alone(self, state: str) -> None:
        make_platform(state=state)

        assert presence.due_probes(now=LATER, silence=SILENCE) == []

    def test_does_not_probe_twice_at_once_but_soon_again_after_a_failure(self) -> None:
        platform = make_platform()
        Heartbeat.objects.create(platform=platform, probed_at=LATER)

        assert presence.due_probes(now=LATER + timedelta(minutes=2), silence=SILENCE) == []
        Heartbeat.objects.update(failures=1)
        assert presence.due_probes(now=LATER + timedelta(seconds=30), silence=SILENCE) == []
        assert presence.due_probes(now=LATER + timedelta(minutes=2), silence=SILENCE) == [platform.id]

    def test_is_not_put_off_by_a_clock_that_was_ahead(self) -> None:
        away, silent = make_platform("away", is_online=False), make_platform("silent")
        ahead = LATER + timedelta(hours=1)
        Heartbeat.objects.create(platform=away, heard_at=NOW, probed_at=ahead)
        presence.record_heard([silent.id], now=ahead)

        assert set(presence.due_probes(now=LATER, silence=SILENCE)) == {away.id, silent.id}


class TestRecordHeard:
    def test_brings_back_and_forgets_failures(self) -> None:
        offline, online = make_platform("off", is_online=False), make_platform("on")
        Heartbeat.objects.create(platform=offline, failures=5)

        assert presence.record_heard([online.id, offline.id, offline.id], now=LATER) == [offline.id]

        offline.refresh_from_db()
        assert (offline.status, offline.changed_at) == (ConnectionStatus.CONNECTED, LATER)
        assert Heartbeat.objects.get(platform=offline).failures == 0
        assert {beat.heard_at for beat in Heartbeat.objects.all()} == {LATER}

    def test_changes_no_fact_while_nothing_changes(self) -> None:
        platform = make_platform()
        before = get_version()

        presence.record_heard([platform.id], now=LATER)

        platform.refresh_from_db()
        assert (get_version(), platform.changed_at) == (before, NOW)

    def test_never_goes_back_in_time(self) -> None:
        platform = make_platform()
        presence.record_heard([platform.id], now=LATER)
        presence.record_heard([platform.id], now=NOW)

        assert Heartbeat.objects.get().heard_at == LATER

    def test_ignores_a_platform_that_is_gone_and_does_not_revive_a_suspended_one(self) -> None:
        suspended = make_platform(state="SUSPENDED", is_online=False)

        assert presence.record_heard([suspended.id, 999_999], now=LATER) == []
        assert presence.record_heard([], now=LATER) == []


class TestRecordFailure:
    def test_only_several_in_a_row_take_offline(self) -> None:
        platform = make_platform()

        assert [presence.record_failure(platform.id, now=LATER) for _ in range(4)] == [False, False, True, False]

        platform.refresh_from_db()
        assert (platform.status, platform.changed_at) == (ConnectionStatus.OFFLINE, LATER)

    def test_a_sign_of_life_starts_the_count_anew(self) -> None:
        platform = make_platform()
        for _ in range(3):
            presence.record_failure(platform.id, now=LATER)
            presence.record_heard([platform.id], now=LATER)

        platform.refresh_from_db()
        assert platform.status is ConnectionStatus.CONNECTED


class TestProbe:
    def test_success_counts_as_heard(self) -> None:
        with run_platform() as fake:
            platform = make_platform(versions_url=fake.versions_url, is_online=False)

            assert presence.probe(platform.id, now=LATER)

        assert fake.calls == [("GET", "/versions", "out")]
        platform.refresh_from_db()
        assert platform.status is ConnectionStatus.CONNECTED
        assert Heartbeat.objects.get().heard_at == Heartbeat.objects.get().probed_at == LATER

    @pytest.mark.parametrize(
        "changes", [{"status": 401}, {"status": 500}, {"status_code": 2000}, {"spoil": {"/versions": b"<html>"}}]
    )
    def test_refusal_takes_offline(self, changes: dict[str, Any]) -> None:
        with run_platform(**changes) as fake:
            platform = make_platform(versions_url=fake.versions_url)

            assert not presence.probe(platform.id, now=LATER)

        platform.refresh_from_db()
        assert (platform.status, platform.changed_at) == (ConnectionStatus.OFFLINE, LATER)

    def test_no_connection_takes_offline(self) -> None:
        platform = make_platform()

        assert not presence.probe(platform.id, now=LATER)

        platform.refresh_from_db()
        assert platform.status is ConnectionStatus.OFFLINE

    @pytest.mark.django_db(transaction=True)
    def test_is_one_at_a_time(self, settings: Any) -> None:
        with run_platform() as fake:
            platform = make_platform(versions_url=fake.versions_url)
            beside = []
            fake.on_call = lambda method, path: beside.append(ask_beside())

            def ask_beside() -> bool:
                try:
                    return presence.probe(platform.id, now=LATER + timedelta(seconds=7))
                finally:
                    connection.close()

            assert presence.probe(platform.id, now=LATER)

        assert beside == [False]
        assert fake.calls == [("GET", "/versions", "out")]

    def test_one_timeout_does_not(self, settings: Any) -> None:
        settings.HUB_FORWARD_TIMEOUT = 0.1

        def stay_silent(handler: Handler) -> None:
            handler.close_connection = True
            handler.server.peer.released.wait(10)

        with serve(stay_silent) as peer:
            platform = make_platform(versions_url=peer.url)
            states = []
            for minute in range(3):
                presence.probe(platform.id, now=LATER + timedelta(minutes=minute))
                platform.refresh_from_db()
                states.append(platform.status.value)

        assert states == ["CONNECTED", "CONNECTED", "OFFLINE"]

    def test_leaves_the_unregistered_alone(self) -> None:
        with run_platform() as fake:
            platform = make_platform(versions_url=fake.versions_url, state="SUSPENDED")

            assert not presence.probe(platform.id, now=LATER)

        assert fake.calls == []
