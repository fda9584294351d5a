"""Run inside a stack: the database of an earlier release with data in it, and what code of that release writes.

`make`: migrate to that release and fill it. `write`: only what its code would write, into whatever is
there now. `describe`: all columns.
Uses the models as the migrations knew them then, never today's.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from parties.secrets import token_digest  # noqa: E402

# By app, the last migration of the release. Never change one; add the next release below.
RELEASES = {
    "first": {
        "agreements": "0002_facts_version",
        "cdrs": "0002_document_storage",
        "charging_sessions": "0002_document_storage",
        "forwarding": "0001_initial",
        "journal": "0002_partitioned_logs",
        "locations": "0002_document_storage",
        "management": "0001_initial",
        "parties": "0002_facts_version",
        "reconciliation": "0001_initial",
        "tariffs": "0002_document_storage",
        "tokens": "0002_document_storage",
    },
    "second": {
        "agreements": "0002_facts_version",
        "cdrs": "0003_flags",
        "charging_profiles": "0001_initial",
        "charging_sessions": "0003_flags",
        "commands": "0001_initial",
        "forwarding": "0001_initial",
        "journal": "0003_pull_request",
        "locations": "0003_flags",
        "management": "0001_initial",
        "parties": "0004_quirks",
        "reconciliation": "0001_initial",
        "tariffs": "0003_flags",
        "tokens": "0004_flags",
    },
}
DJANGO = ("admin", "auth", "contenttypes", "sessions")
SECRETS = {"CPO": "an-old-token-of-the-cpo", "EMSP": "an-old-token-of-the-emsp"}


def main(what: str, release: str, url: str) -> None:
    if what == "describe":
        print(json.dumps(describe()))
        return
    executor = MigrationExecutor(connection)
    targets = list(RELEASES[release].items())
    targets += [node for node in executor.loader.graph.leaf_nodes() if node[0] in DJANGO]
    if what == "make":
        executor.migrate(targets)
        executor = MigrationExecutor(connection)
    apps = executor.loader.project_state(targets).apps
    if what == "make":
        fill(apps, url=url)
    else:
        add_platform(apps, party=("IT", "NEW"), role="EMSP", url=url, token="a-token-given-during-the-upgrade")
    write_event(number=1 if what == "make" else 2)
    if what == "make":
        print(json.dumps(describe()))


def fill(apps: Any, *, url: str) -> None:
    """Two registered platforms, an agreement under store and forward, a location of the CPO's."""
    now = datetime.now(UTC)
    cpo = add_platform(apps, party=("DE", "CPA"), role="CPO", url=url, token=SECRETS["CPO"])
    emsp = add_platform(apps, party=("NL", "MSA"), role="EMSP", url=url, token=SECRETS["EMSP"])
    for platform in (cpo, emsp):
        for sublane in range(8):
            apps.get_model("forwarding", "Lane").objects.create(
                platform=platform, sublane=sublane, cursor=0, cursor_at=now - timedelta(days=1)
            )
    agreement = apps.get_model("agreements", "Agreement").objects.create(
        provider_country="DE",
        provider_party="CPA",
        consumer_country="NL",
        consumer_party="MSA",
        modules=["locations"],
        valid_from=now - timedelta(days=30),
        delivery="store_and_forward",
        changed_at=now - timedelta(days=30),
    )
    apps.get_model("agreements", "Agreement").objects.filter(pk=agreement.pk).update(
        created_at=now - timedelta(days=30)
    )
    apps.get_model("locations", "Location").objects.create(
        owner="decpa",
        object_key="old1",
        object_id="OLD1",
        document=make_location("OLD1"),
        last_updated=now - timedelta(days=2),
        received_at=now,
        changed_at=now,
    )


def add_platform(apps: Any, *, party: tuple[str, str], role: str, url: str, token: str) -> Any:
    now = datetime.now(UTC) - timedelta(days=2)
    platform = apps.get_model("parties", "Platform").objects.create(
        name="*".join(party),
        state="REGISTERED",
        token_in_digest=token_digest(token),
        token_out="the-hub-shows-this",
        versions_url=f"{url}/versions",
        registered_at=now,
        changed_at=now,
    )
    apps.get_model("parties", "Party").objects.create(
        platform=platform, country_code=party[0], party_id=party[1], role=role, name="*".join(party), changed_at=now
    )
    for interface in ("SENDER", "RECEIVER"):
        apps.get_model("parties", "Endpoint").objects.create(
            platform=platform, module="locations", interface=interface, url=f"{url}/{interface.lower()}/locations"
        )
    return platform


def write_event(*, number: int) -> None:
    """As the writer of then does it: by its own list of columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_event (at, module, method, path, query, body, object_key, sender, sender_role, origin,"
            " receiver, supersedes, correlation_id, version, sublane)"
            " VALUES (now(), 'locations', 'PUT', %s, '', %s, %s, 'decpa', 'CPO',"
            " (SELECT min(id) FROM parties_platform), '', true, %s, '2.2.1', 3)",
            [
                f"DE/CPA/OLD{number}",
                make_location(f"OLD{number}"),
                f"locations:decpa:old{number}",
                f"old-story-{number}",
            ],
        )
        cursor.execute(
            "INSERT INTO journal_calllog (at, leg, module, interface, method, correlation_id, attempt, repeat, size)"
            " VALUES (now(), 'in', 'locations', 'RECEIVER', 'PUT', %s, 1, false, 10)",
            [f"old-story-{number}"],
        )


def make_location(id: str) -> str:
    return json.dumps(
        {
            "country_code": "DE",
            "party_id": "CPA",
            "id": id,
            "publish": True,
            "address": "Street 1",
            "city": "Town",
            "country": "DEU",
            "coordinates": {"latitude": "50.00000", "longitude": "5.00000"},
            "time_zone": "Europe/Berlin",
            "last_updated": "2026-11-01T12:00:00Z",
        }
    )


def describe() -> list[str]:
    """Every column there is: what the next release must not take away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name !~ '_[0-9]{8}$' ORDER BY 1, 2"
        )
        return [f"{row[0]}.{row[1]}" for row in cursor.fetchall()]


if __name__ == "__main__":
    main(*sys.argv[1:])
