"""The real web application on a real port with the test database behind it. Lanes are drained when a test says so."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import requests
import uvicorn
from django.apps import apps
from django.db import connection, connections
from django.test.utils import override_settings
from django.utils.timezone import now

from alerts import watchman
from forwarding.drain import drain
from roaming_hub.lean_http import Protocol

KEPT = {"parties_factsversion"}  # one row from a migration
APPS = (
    "journal",
    "parties",
    "agreements",
    "forwarding",
    "locations",
    "tariffs",
    "tokens",
    "charging_sessions",
    "commands",
    "charging_profiles",
    "cdrs",
    "reconciliation",
    "alerts",
)


class LiveHub:
    def __init__(self, url: str, server: uvicorn.Server) -> None:
        self.url = url
        self._server = server
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def versions_url(self) -> str:
        return f"{self.url}/ocpi/versions"

    @property
    def edge(self) -> Any:
        return self._server.config.app

    def get_url(self, module: str, interface: str) -> str:
        return f"{self.url}/ocpi/2.2.1/{interface}/{module}"

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        return self._session.request(method, url, timeout=20, allow_redirects=False, **options)

    def settle(self) -> None:
        """Wait until the web process works with the facts that are in the database now."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT version FROM parties_factsversion")
            version = cursor.fetchone()[0]
        facts = self.edge._hub.facts
        deadline = time.monotonic() + 10
        while facts._facts is None or facts._facts.version < version:
            assert time.monotonic() < deadline, "the facts were not reloaded"
            time.sleep(0.005)

    def deliver(self) -> None:
        """Tell everybody what the log holds for them, as the worker does. New lanes begin at the end of the log."""
        asyncio.run(drain(clock=now))


@contextmanager
def run_hub() -> Iterator[LiveHub]:
    from roaming_hub.asgi import application

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    changed = override_settings(
        HUB_PUBLIC_URL=url,
        HUB_REQUIRE_HTTPS=False,
        HUB_EGRESS_ALLOW=[ipaddress.ip_network("127.0.0.0/8")],
        HUB_FORWARD_TIMEOUT=1.0,
        CELERY_BROKER_URL="memory://",
    )
    changed.enable()
    quiet = patch.object(watchman, "LOOK_SECONDS", 3600.0)  # tests look for themselves, and empty tables meanwhile
    quiet.start()
    connections.settings["default"]["CONN_MAX_AGE"] = 0  # pages leave no connection to a database that is thrown away
    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning", lifespan="on", http=Protocol)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline, "the hub did not start"
            time.sleep(0.01)
        yield LiveHub(url, server)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        quiet.stop()
        changed.disable()


def empty_tables() -> None:
    """Only what a test has filled: TRUNCATE of all tables, twice a test, took longer than most tests."""
    with connection.cursor() as cursor:
        existing = sorted(_find_tables() & set(connection.introspection.table_names(cursor)))
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in existing))
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            # foreign keys and the triggers that keep history are off for this one transaction
            deletes = "; ".join(f"DELETE FROM {name}" for name in filled)
            # what triggers would have told those who keep pages of lists
            told = "SELECT nextval(oid) FROM pg_class WHERE relkind = 'S' AND relname LIKE '%_touched'"
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; {told}; COMMIT")


@cache
def _find_tables() -> frozenset[str]:
    """Of the apps that a call can fill, and of whatever points at one of theirs."""
    found = {model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)}
    others = set(apps.get_models(include_auto_created=True)) - found
    while pointing := {model for model in others if any(field.related_model in found for field in model._meta.fields)}:
        found |= pointing
        others -= pointing
    return frozenset(model._meta.db_table for model in found) - KEPT
