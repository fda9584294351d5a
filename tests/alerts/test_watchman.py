"""Who looks when the workers do not, and when the database cannot be asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from queue import Queue
from typing import Any

import pytest
from django.db import OperationalError

from alerts import watchman
from alerts.models import Alert, Evaluation
from alerts.outage import Outage
from alerts.watchman import Watchman
from tests.alerts.conftest import Webhook
from tests.management.cast import NOW, make_dead_letter, make_platform

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether one of several tells it is another test's business."""
    monkeypatch.setattr("alerts.outage._claim", lambda: True)
    monkeypatch.setattr("alerts.outage._release", lambda: None)


def gone(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("connection refused\nIs the server running?")


class TestWatchman:
    def test_looks_when_nobody_did(self, webhook: Webhook):
        make_dead_letter(make_platform())

        Watchman().look(now=NOW)

        assert webhook.messages == [("opened", "dead_letters")]

    def test_looks_also_where_nobody_is_set_to_be_told(self, settings, monkeypatch: pytest.MonkeyPatch):
        settings.HUB_ALERT_EMAILS, settings.HUB_ALERT_WEBHOOK = [], ""
        make_dead_letter(make_platform())
        looks = Queue[datetime]()
        with monkeypatch.context() as quick:
            quick.setattr(watchman, "LOOK_SECONDS", 0.01)
            quick.setattr(Watchman, "look", lambda self, *, now: looks.put(now))
            man = Watchman()
            man.start()
            looks.get(timeout=5)
            man.stop()

        Watchman().look(now=NOW)

        assert [alert.kind for alert in Alert.objects.all()] == ["dead_letters"]

    @pytest.mark.parametrize(("ago", "messages"), [(10, 0), (46, 1)])
    def test_leaves_it_to_the_workers_while_they_do(self, webhook: Webhook, ago: int, messages: int):
        make_dead_letter(make_platform())
        Evaluation.objects.create(pk=1, at=NOW - timedelta(seconds=ago))

        Watchman().look(now=NOW)

        assert len(webhook.messages) == messages

    def test_tells_of_a_database_that_is_away_and_back(self, webhook: Webhook, monkeypatch: pytest.MonkeyPatch):
        man = Watchman()
        monkeypatch.setattr(watchman, "connections", type("None", (), {"close_all": staticmethod(lambda: None)}))
        with monkeypatch.context() as broken:
            broken.setattr(Evaluation, "objects", type("Gone", (), {"filter": gone})())
            for second in range(0, 300, 10):
                man.look(now=NOW + timedelta(seconds=second))
        assert webhook.messages == [("opened", "database_away")]
        assert "connection refused" in webhook.told[0]["messages"][0]["alert"]["detail"]

        man.look(now=NOW + timedelta(seconds=300))
        man.look(now=NOW + timedelta(seconds=400))

        assert webhook.messages == [("opened", "database_away"), ("closed", "database_away")]
        alert = Alert.objects.get()
        assert (alert.opened_at, alert.closed_at) == (NOW, NOW + timedelta(seconds=300))


class TestOutage:
    def test_of_a_moment_is_not_told(self, webhook: Webhook):
        outage = Outage()
        outage.note_failure("refused", now=NOW)
        outage.note_failure("refused", now=NOW + timedelta(seconds=59))
        outage.note_success(now=NOW + timedelta(seconds=60))
        outage.note_failure("refused", now=NOW + timedelta(seconds=70))

        assert webhook.told == []
        assert Alert.objects.count() == 0

    def test_is_told_until_somebody_hears(self, webhook: Webhook):
        outage = Outage()
        webhook.status = 500
        for second in (0, 60, 70):
            outage.note_failure("refused", now=NOW + timedelta(seconds=second))
        webhook.status = 200
        for second in (80, 90):
            outage.note_failure("refused", now=NOW + timedelta(seconds=second))

        assert webhook.messages == [("opened", "database_away")]

    def test_that_was_not_quite_over_is_one_and_the_next_is_told_again(
        self, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
    ):
        outage = Outage()
        for second in (0, 60):
            outage.note_failure("refused", now=NOW + timedelta(seconds=second))
        with monkeypatch.context() as broken:
            broken.setattr("alerts.outage.tell", gone)
            with pytest.raises(OperationalError):
                outage.note_success(now=NOW + timedelta(seconds=70))

        outage.note_success(now=NOW + timedelta(seconds=80))
        for second in (900, 960):
            outage.note_failure("refused", now=NOW + timedelta(seconds=second))

        assert Alert.objects.get().opened_at == NOW
        assert webhook.messages == [("opened", "database_away")] * 2

    def test_is_told_by_one_process(self, webhook: Webhook, monkeypatch: pytest.MonkeyPatch):
        claims = iter([True, False, False])
        monkeypatch.setattr("alerts.outage._claim", lambda: next(claims))
        outages = [Outage(), Outage(), Outage()]
        for outage in outages:
            outage.note_failure("refused", now=NOW)
            outage.note_failure("refused", now=NOW + timedelta(minutes=2))
        for outage in outages:
            outage.note_success(now=NOW + timedelta(minutes=3))

        assert webhook.messages == [("opened", "database_away")]
        assert Alert.objects.count() == 1
