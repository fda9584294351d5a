"""Breakers as staff sees them: over the API, at the platform, on the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import StringIO

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from parties.limits.breaker import Broken, write
from parties.limits.share import BREAKERS
from parties.models import Platform
from tests.management.cast import make_client, make_platform, make_staff

pytestmark = pytest.mark.django_db
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(BREAKERS)
        yield client
        client.delete(BREAKERS)


@pytest.fixture
def broken(server: redis.Redis) -> Platform:
    platform = make_platform()
    now = time.time()
    told = Broken(platform=platform.pk, since=now - 60, until=now + 60, failures=5, reason="no answer in time")
    gone = Broken(platform=99_999_999, since=now, until=now, failures=5)
    for one in (told, gone):
        server.hset(BREAKERS, str(one.platform), write(one))
    return platform


def run(*words: str) -> str:
    out = StringIO()
    call_command("breakers", *words, stdout=out)
    return out.getvalue()


class TestApi:
    def test_lists_what_is_not_closed(self, broken: Platform):
        (row,) = make_client().get("/api/breakers/").json()

        assert (row["platform"], row["name"], row["state"]) == (broken.pk, broken.name, "open")
        assert (row["failures"], row["reason"]) == (5, "no answer in time")
        assert row["next_probe"] > row["since"]

    def test_closes_one(self, broken: Platform):
        client = make_client()

        assert client.delete(f"/api/breakers/{broken.pk}/").status_code == 204
        assert client.get("/api/breakers/").json() == []

    def test_needs_the_scope(self, broken: Platform):
        client = make_client("traffic:read")

        assert client.get("/api/breakers/").status_code == 200
        assert client.delete(f"/api/breakers/{broken.pk}/").status_code == 403
        assert make_client("platforms:read", name="other").get("/api/breakers/").status_code == 403

    def test_says_when_it_cannot_know(self, broken: Platform):
        with override_settings(REDIS_URL=NOWHERE):
            assert make_client().get("/api/breakers/").status_code == 503


class TestCommand:
    def test_lists_and_closes(self, broken: Platform):
        listed = run()
        closed = run("--close", broken.name)

        assert broken.name in listed
        assert "open" in listed
        assert "no answer in time" in listed
        assert "called again" in closed
        assert run().strip() == "All breakers are closed."

    def test_says_what_it_does_not_know(self, broken: Platform):
        with pytest.raises(CommandError, match="no platform"):
            run("--close", "Nobody")
        with override_settings(REDIS_URL=NOWHERE), pytest.raises(CommandError, match="Redis is away"):
            run()


class TestAdmin:
    def test_shows_it_at_the_platform(self, broken: Platform, client: Client):
        client.force_login(make_staff())
        url = reverse("admin:parties_platform_change", args=[broken.pk])
        page = client.get(url).content.decode()
        with override_settings(REDIS_URL=NOWHERE):
            unknown = client.get(url).content.decode()

        assert "5 failures in a row (no answer in time)" in page
        assert "Redis is away" in unknown
