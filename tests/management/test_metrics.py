"""/metrics: who may read it, and that what it says of the database is true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from alerts.models import Alert
from forwarding.models import Lane
from gateway.proxies import settle
from journal.models import PullRequest
from management import gauges
from tests.management.cast import NOW, make_client, make_dead_letter, make_finding, make_lane, make_platform

pytestmark = pytest.mark.django_db


def scrape(client: Any = None) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = (client or Client()).get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


class TestAccess:
    def test_is_open_to_the_allowed_networks(self):
        assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
        assert Client().get("/metrics", REMOTE_ADDR="::1").status_code == 200

    @pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "", "unix"])
    def test_is_closed_to_others(self, address: str):
        answer = Client().get("/metrics", REMOTE_ADDR=address)

        assert answer.status_code == 401
        assert b"hub_" not in answer.content

    def test_is_open_to_a_staff_token_of_its_scope(self):
        far: Any = {"REMOTE_ADDR": "203.0.113.9"}

        assert make_client("metrics:read").get("/metrics", **far).status_code == 200
        assert make_client("traffic:read", name="other").get("/metrics", **far).status_code == 403

    def test_networks_are_a_setting(self, settings: Any):
        settings.HUB_METRICS_ALLOW = []

        assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 401

    def test_a_trusted_proxy_says_who_asks(self, settings: Any):
        import ipaddress

        settings.HUB_TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
        scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")], "scheme": "http"}

        assert settle(scope)["client"][0] == "203.0.113.9"

    def test_only_reads(self):
        assert Client().post("/metrics").status_code in (401, 403, 405)


class TestGauges:
    def test_show_platforms_lanes_and_letters(self):
        platform = make_platform()
        away = make_platform("Away", party="FR*MSP", role="EMSP", is_online=False)
        make_lane(platform, failures=2, needs_resync=True, paused_at=NOW)
        make_dead_letter(platform)
        make_dead_letter(platform, event=8, http_status=None, status_code=None)
        make_dead_letter(platform, event=9, closed_at=NOW)
        found = scrape()

        one, other = (("platform", str(platform.pk)),), (("platform", str(away.pk)),)
        assert found["hub_platform_info", (("name", "Charge Co"), *one)] == 1
        assert (found["hub_platform_up", one], found["hub_platform_up", other]) == (1, 0)
        assert found["hub_platforms", (("status", "OFFLINE"),)] == 1
        assert found["hub_platform_heard_timestamp_seconds", one] == NOW.timestamp()
        assert found["hub_lane_needs_resync", one] == found["hub_lane_paused", one] == 1
        assert found["hub_lane_retrying", one] == 1
        assert found["hub_dead_letters", (*one, ("reason", "refused"))] == 1
        assert found["hub_dead_letters", (*one, ("reason", "not sent"))] == 1

    def test_show_how_far_lanes_are_behind(self, monkeypatch: pytest.MonkeyPatch):
        from forwarding.lag import Lag

        platform = make_platform()
        first, second = make_lane(platform), make_lane(platform, sublane=1)
        lags = {first.pk: Lag(events=3, oldest_at=NOW), second.pk: Lag(events=4, oldest_at=NOW - timedelta(hours=1))}
        monkeypatch.setattr(gauges, "get_lags", lambda: lags)
        found = scrape()

        labels = (("platform", str(platform.pk)),)
        assert found["hub_lane_events", labels] == 7
        assert found["hub_lane_lag_seconds", labels] > 3600

    def test_show_findings_pulls_alerts_and_servers(self):
        make_finding()
        PullRequest.objects.create(
            platform=1, party="nlcpo", module="locations", reason="STAFF", requested_at=NOW, due_at=NOW, state="FAILED"
        )
        Alert.objects.create(
            kind="dead_letters", severity="warning", title="x", first_seen_at=NOW, last_seen_at=NOW, opened_at=NOW
        )
        found = scrape()

        assert found["hub_findings_open", (("kind", "energy_differs"),)] == 1
        assert found["hub_pulls", (("state", "FAILED"),)] == 1
        assert found["hub_alerts_open", (("kind", "dead_letters"), ("severity", "warning"))] == 1
        assert found["hub_database_up", ()] == 1
        assert found["hub_database_seconds", ()] > 0
        assert found["hub_redis_up", ()] == 1
        assert found["hub_queue_tasks", (("queue", "celery"),)] >= 0

    def test_take_a_number_of_queries_that_does_not_grow(self, django_assert_max_num_queries: Any):
        for number in range(5):
            make_lane(make_platform(f"P{number}", party=f"NL*{number:03}"))
        with django_assert_max_num_queries(40):
            scrape()

    def test_one_that_fails_is_named_and_hides_no_other(self, monkeypatch: pytest.MonkeyPatch):
        make_platform()

        def fail() -> Any:
            return list(Lane.objects.extra(where=["1 / 0 = 1"]))

        monkeypatch.setattr(gauges, "PARTS", (("platforms", gauges._platforms), ("lanes", fail)))
        found = scrape()

        assert found["hub_scrape_errors", (("part", "lanes"),)] == 1
        assert found["hub_scrape_errors", (("part", "platforms"),)] == 0

    def test_without_a_database_the_rest_is_shown(self, monkeypatch: pytest.MonkeyPatch, client: Any):
        monkeypatch.setattr(gauges, "probe_database", lambda: (False, None))
        found = scrape()

        assert found["hub_database_up", ()] == 0
        assert found["hub_redis_up", ()] == 1
        assert found["hub_scrape_errors", (("part", "lanes"),)] == 1
