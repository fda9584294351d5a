"""The demo takes servers of one's own only while they are empty: in a hub's it would migrate, register and bill."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg2
import redis
from environ import Env

from roaming_hub.stack.supervisor import StackFailed

PATIENCE = 5  # seconds


def check(environ: Mapping[str, str]) -> None:
    for name, count in (("DATABASE_URL", _count_tables), ("REDIS_URL", _count_keys)):
        url = environ.get(name)
        if not url:
            continue
        try:
            number = count(url)
        except (psycopg2.Error, redis.RedisError) as error:
            raise StackFailed(f"The server of {name} does not answer: {error}") from error
        if number:
            raise StackFailed(
                f"{name} is set, and something is there already. The demo plays on empty servers only: "
                f"`unset {name}` gives it one of its own."
            )


def _count_tables(url: str) -> int:
    told = Env.db_url_config(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    words = {word: told[name] for word, name in names.items() if told.get(name)} | told.get("OPTIONS", {})
    connection = psycopg2.connect(**words, connect_timeout=PATIENCE)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


def _count_keys(url: str) -> int:
    with redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
        return int(client.dbsize())
