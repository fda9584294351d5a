from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections

from management import dumps


class TestEnvironment:
    def test_tells_postgresql_s_programs_what_the_hub_was_told(self, monkeypatch):
        options = {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": "3"}
        given = {"HOST": "db.example.com", "PORT": 5432, "USER": "hub", "PASSWORD": "secret", "NAME": "roaming"}
        monkeypatch.setattr(connections["default"], "settings_dict", {**given, "OPTIONS": options})

        told = {name: value for name, value in dumps._get_environment().items() if name.startswith("PG")}

        assert told == {
            "PGHOST": "db.example.com",
            "PGPORT": "5432",
            "PGUSER": "hub",
            "PGPASSWORD": "secret",
            "PGDATABASE": "roaming",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "/etc/ca.pem",
        }

    def test_a_socket_s_folder_comes_before_an_empty_host(self, monkeypatch):
        given = {"HOST": "", "NAME": "hub", "OPTIONS": {"host": "/tmp/sockets"}}
        monkeypatch.setattr(connections["default"], "settings_dict", given)

        assert dumps._get_environment()["PGHOST"] == "/tmp/sockets"


class TestFill:
    """With stand-ins for PostgreSQL's programs: what psql would be told is in `told`."""

    @pytest.fixture
    def programs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HUB_PG_BIN", str(tmp_path))
        write(tmp_path / "psql", f"cat > '{tmp_path}/told'")
        return tmp_path

    def test_asks_before_it_sets_what_only_newer_servers_know(self, programs: Path):
        write(programs / "pg_restore", "echo 'SET lock_timeout = 0;'; echo 'SET transaction_timeout = 0;'")

        dumps._fill(programs / "hub.dump")

        first, same, asked, *last = (programs / "told").read_text().splitlines()
        assert (first, same, last) == ("BEGIN;", "SET lock_timeout = 0;", ["ANALYZE;", "COMMIT;"])
        assert "FROM pg_settings WHERE name = 'transaction_timeout'" in asked

    def test_a_dump_that_breaks_off_is_not_committed(self, programs: Path):
        write(programs / "pg_restore", "echo 'CREATE TABLE half ();'; echo 'unexpected end of file' >&2; exit 1")

        with pytest.raises(dumps.DumpFailed, match="unexpected end of file"):
            dumps._fill(programs / "hub.dump")

        assert "COMMIT" not in (programs / "told").read_text()

    def test_says_what_the_server_said(self, programs: Path):
        write(programs / "pg_restore", "yes 'INSERT INTO nowhere VALUES (1);' | head -100000")
        write(programs / "psql", "echo 'no such server' >&2; exit 2")

        with pytest.raises(dumps.DumpFailed, match="no such server"):
            dumps._fill(programs / "hub.dump")


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
