"""How often a partner token may call: counted over all processes, told clearly, and nobody else's concern."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from rest_framework.test import APIClient

from management import partner_throttle
from parties.limits.rate import Buckets
from parties.models import Platform
from tests.management.cast import NOW, make_client, make_partner_client, make_platform

pytestmark = pytest.mark.django_db

ME = "/api/partner/me/"


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Any) -> None:
    settings.HUB_PARTNER_RATE = 3


@pytest.fixture
def cpo() -> Platform:
    return make_platform()


def call(client: APIClient, *, times: int = 1, later: timedelta = timedelta(0)) -> list[int]:
    """At so many seconds past NOW, which is the beginning of a minute."""
    with time_machine.travel(NOW + later, tick=False):
        return [client.get(ME).status_code for _ in range(times)]


class TestPartnerThrottle:
    def test_refuses_what_is_too_much_in_a_minute(self, cpo: Platform):
        client = make_partner_client(cpo)

        assert call(client, times=4, later=timedelta(seconds=20)) == [200, 200, 200, 429]
        assert call(client, later=timedelta(seconds=59)) == [429]
        assert call(client, later=timedelta(seconds=60)) == [200]

    def test_says_what_to_do_and_when(self, cpo: Platform):
        client = make_partner_client(cpo)
        call(client, times=3)

        with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
            answer = client.get(ME)

        assert (answer.status_code, answer["Retry-After"]) == (429, "40")
        assert answer.json()["detail"] == "More than 3 calls with this token within a minute."
        assert "Wait 40 s" in answer.json()["what_to_do"]

    def test_counts_each_token_for_itself(self, cpo: Platform):
        one, other = make_partner_client(cpo), make_partner_client(cpo, name="other")

        assert call(one, times=4)[-1] == 429
        assert call(other) == [200]

    def test_counts_what_other_processes_answered(self, cpo: Platform, monkeypatch: pytest.MonkeyPatch):
        client = make_partner_client(cpo)
        call(client, times=3)

        monkeypatch.setattr(partner_throttle, "_alone", Buckets())  # nothing of this process counts

        assert call(client) == [429]

    def test_counts_alone_while_redis_is_away(self, cpo: Platform, monkeypatch: pytest.MonkeyPatch):
        def fail(*args: Any, **options: Any) -> None:
            raise redis.ConnectionError("away")

        monkeypatch.setattr(partner_throttle.cache, "add", fail)

        assert call(make_partner_client(cpo), times=4) == [200, 200, 200, 429]

    def test_is_off_at_zero(self, cpo: Platform, settings: Any):
        settings.HUB_PARTNER_RATE = 0

        assert call(make_partner_client(cpo), times=5) == [200] * 5

    def test_is_no_concern_of_staff(self):
        client = make_client()

        assert [client.get("/api/me/").status_code for _ in range(5)] == [200] * 5
