from __future__ import annotations

import psycopg2
import pytest

from roaming_hub.stack import Stack, StackFailed, unused
from tests.stack.stand_ins import environment


@pytest.fixture
def servers():
    with Stack(environ=environment(), say=lambda message: None) as stack:
        yield {name: stack.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}


class TestUnused:
    def test_the_demo_may_have_none_and_empty_ones(self, servers):
        unused.check({})
        unused.check(servers)

    def test_the_demo_may_not_have_a_hub_s(self, servers):
        connection = psycopg2.connect(servers["DATABASE_URL"])
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE a_hub_s ()")
        connection.close()

        with pytest.raises(StackFailed, match="unset DATABASE_URL"):
            unused.check(servers)

    def test_nor_its_queue(self, servers):
        with unused.redis.Redis.from_url(servers["REDIS_URL"]) as client:
            client.set("a", "task")

        with pytest.raises(StackFailed, match="unset REDIS_URL"):
            unused.check({"REDIS_URL": servers["REDIS_URL"]})

    def test_says_which_server_does_not_answer(self):
        with pytest.raises(StackFailed, match="DATABASE_URL does not answer"):
            unused.check({"DATABASE_URL": "postgres://hub@127.0.0.1:1/hub"})
