"""What operators hear of: each condition from the state it is found in until the all-clear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from alerts import checks
from alerts.deliver import deliver
from alerts.evaluate import ALERT_LOCK, evaluate
from alerts.models import Alert, Evaluation, Kind, Message
from parties.models import Heartbeat, Platform
from telemetry.alive import Signs
from tests.alerts.conftest import Webhook
from tests.management.cast import NOW, log_call, make_dead_letter, make_lane, make_platform

pytestmark = pytest.mark.django_db

SOON = timedelta(seconds=15)
MINUTE = timedelta(seconds=60)


def kinds() -> list[str]:
    return sorted(Alert.objects.filter(closed_at=None, opened_at__isnull=False).values_list("kind", flat=True))


def run(*, now: Any) -> None:
    evaluate(now=now)
    deliver(now=now)


@pytest.fixture
def platform() -> Platform:
    return make_platform()


def log(**columns: Any) -> None:
    log_call(**{"leg": "out", "status_code": None, **columns})


class TestPartners:
    def test_one_that_is_down_is_told_once_and_taken_back_once(self, platform: Platform, webhook: Webhook):
        Platform.objects.update(is_online=False)

        for second in range(0, 600, 15):
            run(now=NOW + timedelta(seconds=second))
        Platform.objects.update(is_online=True)
        Heartbeat.objects.update(heard_at=NOW + timedelta(minutes=10))
        for second in range(600, 750, 15):
            run(now=NOW + timedelta(seconds=second))

        assert webhook.messages == [("opened", "partner_down"), ("closed", "partner_down")]
        alert = Alert.objects.get()
        assert (alert.opened_at, alert.platform) == (NOW + MINUTE, platform)
        assert alert.closed_at is not None
        assert "Charge Co is down" in alert.title

    def test_one_that_was_away_for_a_moment_is_not_told(self, platform: Platform, webhook: Webhook):
        Platform.objects.update(is_online=False)
        run(now=NOW)
        Platform.objects.update(is_online=True)
        run(now=NOW + SOON)
        run(now=NOW + MINUTE)

        assert (webhook.told, Alert.objects.count()) == ([], 0)

    def test_one_that_nobody_heard_or_asked_is_silent(self, platform: Platform):
        later = NOW + timedelta(hours=1)
        run(now=later)
        run(now=later + MINUTE)

        assert kinds() == ["partner_silent"]

    def test_those_that_never_registered_or_left_are_nobody_s_concern(self, platform: Platform):
        Platform.objects.update(state=Platform.State.SUSPENDED, is_online=False)
        run(now=NOW + timedelta(days=1))
        run(now=NOW + timedelta(days=1) + MINUTE)

        assert kinds() == []

    def test_a_mass_outage_is_one_message(self, webhook: Webhook):
        for number in range(20):
            make_platform(f"P{number}", party=f"NL*{number:03}", is_online=False)
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert len(webhook.told) == 1
        assert len(webhook.told[0]["messages"]) == 20

    def test_what_lasts_is_repeated_now_and_then(self, platform: Platform, webhook: Webhook):
        Platform.objects.update(is_online=False)
        for hour in range(0, 26):
            run(now=NOW + timedelta(hours=hour))

        assert [about for about, _ in webhook.messages] == ["opened", "reminder", "reminder"]


class TestLanes:
    @pytest.mark.parametrize(("events", "age", "expected"), [
        (5000, 10, ["lane_behind"]), (10, 600, ["lane_behind"]), (4999, 599, []),
    ])  # fmt: skip
    def test_behind_by_events_or_by_age(
        self, platform: Platform, monkeypatch: pytest.MonkeyPatch, events: int, age: int, expected: list[str]
    ):
        from forwarding.lag import Lag

        lane = make_lane(platform)
        at = NOW + MINUTE - timedelta(seconds=age)
        monkeypatch.setattr(checks, "get_lags", lambda: {lane.pk: Lag(events=events, oldest_at=at)})
        run(now=NOW)
        run(now=NOW + MINUTE)
        run(now=NOW + MINUTE + MINUTE if expected else NOW + MINUTE)

        assert kinds() == expected

    def test_are_behind_without_what_the_partner_said(self, platform: Platform, monkeypatch: pytest.MonkeyPatch):
        from forwarding.lag import Lag

        lane = make_lane(platform, last_error="contract NL-TNM-C12345678-X: try later")
        monkeypatch.setattr(checks, "get_lags", lambda: {lane.pk: Lag(events=9000, oldest_at=NOW)})
        run(now=NOW)
        run(now=NOW + MINUTE)

        alert = Alert.objects.get()
        assert alert.kind == "lane_behind"
        assert "C12345678" not in alert.title + alert.detail + alert.advice

    def test_of_a_platform_that_is_down_need_not_be_said(self, platform: Platform, monkeypatch: pytest.MonkeyPatch):
        from forwarding.lag import Lag

        lane = make_lane(platform)
        Platform.objects.update(is_online=False)
        monkeypatch.setattr(checks, "get_lags", lambda: {lane.pk: Lag(events=9000, oldest_at=NOW)})
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert kinds() == ["partner_down"]

    def test_that_fell_out_of_the_log_are_told_at_once(self, platform: Platform):
        make_lane(platform, needs_resync=True)
        run(now=NOW)

        assert kinds() == ["needs_resync"]

    def test_that_fail_over_a_certificate(self, platform: Platform):
        make_lane(platform, last_error="no connection: SSL: CERTIFICATE_VERIFY_FAILED: certificate has expired")
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert kinds() == ["certificate"]

    def test_that_fail_over_what_a_partner_calls_a_certificate(self, platform: Platform):
        """Its words may name a driver, and its certificate is as it was."""
        make_lane(platform, last_error="no certificate for contract NL-TNM-C12345678-X")
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert Alert.objects.count() == 0


class TestOthers:
    def test_dead_letters_until_they_are_closed(self, platform: Platform, webhook: Webhook):
        letter = make_dead_letter(platform)
        run(now=NOW)
        assert kinds() == ["dead_letters"]

        letter.closed_at = NOW
        letter.save()
        run(now=NOW + SOON)
        run(now=NOW + MINUTE)
        assert kinds() == []
        assert [about for about, _ in webhook.messages] == ["opened", "closed"]

    def test_dead_letters_without_what_the_partner_said(self, platform: Platform, webhook: Webhook):
        """It may name a driver, and e-mails leave the hub."""
        make_dead_letter(platform, reason="contract NL-TNM-C12345678-X is unknown")
        run(now=NOW)

        assert "C12345678" not in str(webhook.told)

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_partner_that_refuses_our_token(self, platform: Platform, status: int):  # ROUTE-14
        log(platform=platform.pk, http_status=status)
        run(now=NOW + SOON)

        assert kinds() == ["token_refused"]

    def test_refusals_of_long_ago_are_over(self, platform: Platform):
        log(platform=platform.pk, http_status=401, at=NOW - timedelta(hours=1))
        log(platform=platform.pk, http_status=404)
        run(now=NOW + SOON)

        assert kinds() == []

    def test_a_handshake_that_fails(self, platform: Platform):
        log(platform=platform.pk, leg="in", module="credentials", http_status=200, status_code=3001)
        run(now=NOW + SOON)

        assert kinds() == ["handshake_failing"]

    @pytest.mark.parametrize(("signs", "expected"), [
        (Signs(redis_seconds=None), ["redis_away"]),
        (Signs(redis_seconds=0.1, beat_at=4e9), ["worker_gone"]),
        (Signs(redis_seconds=0.1, beat_at=1.0, workers={"celery@a": 4e9}), ["beat_gone"]),
        (Signs(redis_seconds=0.1, beat_at=4e9, workers={"pulls@a": 4e9}), ["worker_gone"]),
    ])  # fmt: skip
    def test_the_machinery(self, monkeypatch: pytest.MonkeyPatch, signs: Signs, expected: list[str]):
        monkeypatch.setattr("telemetry.alive.read", lambda: signs)
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert kinds() == expected

    def test_a_slow_database(self, settings: Any):
        settings.HUB_ALERT_DATABASE = 1e-9
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert kinds() == ["database_slow"]

    def test_a_breaker_of_one_that_is_online(self, platform: Platform, monkeypatch: pytest.MonkeyPatch):
        from parties.limits.breaker import State
        from parties.limits.listing import BreakerRow

        row = BreakerRow(
            platform=platform.pk, name="X", state=State.OPEN, since=NOW, failures=9, next_probe=NOW, reason="HTTP 500"
        )
        monkeypatch.setattr(checks, "list_breakers", lambda *, now: [row])
        run(now=NOW)
        run(now=NOW + MINUTE)

        assert kinds() == ["breaker_open"]

    def test_every_kind_can_be_opened(self):
        """A kind nobody looks for would be a promise that is not kept."""
        looked_for = {kind for found, _ in checks.LOOKS for kind in found}

        assert looked_for | {Kind.DATABASE_AWAY} == set(Kind)


class TestEvaluate:
    def test_is_blind_for_a_kind_whose_look_fails(self, platform: Platform, monkeypatch: pytest.MonkeyPatch):
        Platform.objects.update(is_online=False)
        make_lane(platform, needs_resync=True)
        run(now=NOW)
        run(now=NOW + MINUTE)
        assert kinds() == ["needs_resync", "partner_down"]

        def fail() -> Any:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

        monkeypatch.setattr(checks, "get_lags", fail)
        Platform.objects.update(is_online=True)
        run(now=NOW + timedelta(hours=1))

        assert kinds() == ["needs_resync"]
        assert "needs_resync" in Evaluation.objects.get().failed_checks

    def test_is_done_by_one_at_a_time(self, platform: Platform, django_db_blocker: Any):
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [ALERT_LOCK])
                assert evaluate(now=NOW) is None
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ALERT_LOCK])
            assert evaluate(now=NOW) == 0
        finally:
            other.close()

    def test_without_a_database_is_for_the_caller(self, monkeypatch: pytest.MonkeyPatch):
        def gone(now: Any) -> Any:
            raise OperationalError("server closed the connection")

        monkeypatch.setattr(checks, "LOOKS", (((Kind.PARTNER_DOWN,), gone),))
        run(now=NOW)

        assert Evaluation.objects.get().failed_checks == "partner_down"

    def test_tells_nobody_if_nobody_is_to_be_told(self, platform: Platform):
        make_dead_letter(platform)
        run(now=NOW)

        assert (kinds(), Message.objects.count()) == (["dead_letters"], 0)

    def test_forgets_what_was_over_long_ago(self):
        Alert.objects.create(
            kind="dead_letters", severity="warning", title="x", first_seen_at=NOW, last_seen_at=NOW, opened_at=NOW,
            closed_at=NOW - timedelta(days=91),
        )  # fmt: skip
        evaluate(now=NOW)

        assert Alert.objects.count() == 0
