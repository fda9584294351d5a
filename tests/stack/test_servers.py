"""The real PostgreSQL and Valkey of the wheels, started, killed and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import psycopg2
import pytest
import redis

from roaming_hub.stack import Stack, StackFailed
from roaming_hub.stack.postgres import Postgres, get_buffers, is_zombie
from tests.stack.stand_ins import can_query, environment, is_alive, until


def restarted(name: str, said: list[str]) -> bool:
    return any(line.startswith(f"{name} ready again") for line in said)


@pytest.fixture
def closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder that only its owner can enter, as people have their home; and another where root may put the data."""
    (tmp_path / "closed").mkdir(mode=0o700)
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        monkeypatch.setattr("roaming_hub.stack.postgres.ROOT_HOME", Path(open_folder))
        yield tmp_path / "closed"


class TestServers:
    def test_start_and_leave_nothing(self):
        with Stack(environ=environment(), say=lambda message: None) as stack:
            pids = stack.processes
            folder = stack.state.parent
            connection = psycopg2.connect(stack.environ["DATABASE_URL"])
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('server_encoding'), current_setting('listen_addresses')")
                assert cursor.fetchone() == ("UTF8", "")
            connection.close()
            assert redis.Redis.from_url(stack.environ["REDIS_URL"]).ping()

        assert list(pids) == ["postgres", "valkey"]
        assert not any(is_alive(pid) for pid in pids.values())
        assert not folder.exists()

    @pytest.mark.parametrize(("gigabytes", "expected"), [(0.25, 128), (2, 512), (24, 1024)])
    def test_take_memory_as_the_machine_has_it(self, gigabytes, expected, monkeypatch: pytest.MonkeyPatch):
        pages = {"SC_PHYS_PAGES": int(gigabytes * 2**18), "SC_PAGE_SIZE": 4096}
        monkeypatch.setattr("os.sysconf", pages.__getitem__)

        assert get_buffers() == expected

    def test_come_back_when_killed(self):
        said: list[str] = []
        with Stack(environ=environment(), say=said.append) as stack:
            before = stack.processes

            os.kill(before["postgres"], signal.SIGKILL)
            os.kill(before["valkey"], signal.SIGKILL)

            assert until(lambda: restarted("postgres", said))
            assert until(lambda: restarted("valkey", said))
            assert can_query(stack.environ["DATABASE_URL"])
            assert redis.Redis.from_url(stack.environ["REDIS_URL"]).ping()

    def test_keep_what_is_in_the_state_folder(self, closed_folder: Path):
        state = closed_folder / "state"
        with Stack(state=state, environ=environment(), say=lambda message: None) as stack:
            store(stack)
            keys = stack.environ["HUB_ENCRYPTION_KEYS"]

        with Stack(state=state, environ=environment(), say=lambda message: None) as stack:
            assert read(stack) == (1, b"kept")
            assert stack.environ["HUB_ENCRYPTION_KEYS"] == keys

    def test_log_what_failed_without_what_was_to_be_stored(self):
        with Stack(environ=environment(), say=lambda message: None) as stack:
            connection = psycopg2.connect(stack.environ["DATABASE_URL"])
            with connection.cursor() as cursor, pytest.raises(psycopg2.Error):
                cursor.execute("INSERT INTO nowhere VALUES ('DE8ACC12E46L89')")
            connection.close()

            assert until(lambda: "nowhere" in (stack.logs / "postgres.log").read_text())
            assert "DE8ACC12E46L89" not in (stack.logs / "postgres.log").read_text()

    def test_refuse_data_of_another_version(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("roaming_hub.stack.stack.home", lambda state, uid: state)
        (tmp_path / "postgres").mkdir()
        (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")

        with pytest.raises(StackFailed, match="is PostgreSQL 12"), Stack(state=tmp_path, environ=environment()):
            pass

    def test_given_ones_are_used_as_they_are(self):
        given = {"DATABASE_URL": "postgres://elsewhere/hub", "REDIS_URL": "redis://elsewhere"}

        with Stack(environ=environment() | given, say=lambda message: None) as stack:
            assert stack.processes == {}
            assert stack.environ["DATABASE_URL"] == given["DATABASE_URL"]


class TestTheServerBefore:
    """Killed together with its runner: process 1 may take its time to clear it away."""

    def test_is_waited_for_while_it_is_a_zombie(self, tmp_path: Path, zombie: subprocess.Popen[bytes]):
        server = served_by(zombie.pid, data=tmp_path)
        clears_away = threading.Timer(0.2, zombie.wait)
        clears_away.start()

        server.wait_for_the_last(patience=60)

        assert not is_zombie(zombie.pid)

    def test_is_named_when_it_stays_one(self, tmp_path: Path, zombie: subprocess.Popen[bytes]):
        server = served_by(zombie.pid, data=tmp_path)

        with pytest.raises(StackFailed, match=rf"PostgreSQL {zombie.pid}.*docker run --init"):
            server.wait_for_the_last(patience=0)

    def test_is_none_of_our_business_while_it_lives(self, tmp_path: Path):
        server = served_by(os.getpid(), data=tmp_path)

        server.wait_for_the_last(patience=0)  # PostgreSQL itself says so then


@pytest.fixture
def zombie():
    process = subprocess.Popen(["true"])
    until(lambda: is_zombie(process.pid))
    yield process
    process.wait()


def served_by(pid: int, *, data: Path) -> Postgres:
    (data / "postmaster.pid").write_text(f"{pid}\n{data}\n")
    return Postgres(programs=data, data=data, sockets=data, uid=None, durable=True)


def store(stack: Stack) -> None:
    connection = psycopg2.connect(stack.environ["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
        cursor.execute("INSERT INTO kept VALUES (1)")
    connection.close()
    redis.Redis.from_url(stack.environ["REDIS_URL"]).set("key", "kept")


def read(stack: Stack) -> tuple[int, object]:
    connection = psycopg2.connect(stack.environ["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM kept")
        row = cursor.fetchone()
    connection.close()
    return row[0], redis.Redis.from_url(stack.environ["REDIS_URL"]).get("key")
