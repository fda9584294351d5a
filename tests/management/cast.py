"""What the tests of the management API and of the admin stand on: one of everything, to change as a test needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from agreements.models import Agreement, Mandate
from forwarding.models import DeadLetter, Lane
from management.models import PartnerToken, StaffToken
from ocpi.calls import PartyId
from parties.models import Endpoint, Heartbeat, Party, PartyBehind, Platform
from parties.secrets import token_digest
from reconciliation.models import CdrClock, Finding

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CPO_TOKEN = "the-cpo-platform-shows-this-to-the-hub"
OUR_TOKEN = "the-hub-shows-this-to-the-cpo-platform"
UID = "DE8ACC12E46L89"


def make_client(*scopes: str, name: str = "tests", **options: Any) -> APIClient:
    """A client with a staff token of these scopes."""
    _, text = StaffToken.issue(name=name, scopes=list(scopes or ["all"]), now=NOW, **options)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def make_partner_token(platform: Platform, *scopes: str, name: str = "tests", **options: Any) -> tuple[Any, str]:
    return PartnerToken.issue(platform=platform, name=name, scopes=list(scopes or ["all"]), now=NOW, **options)


def make_partner_client(platform: Platform, *scopes: str, **options: Any) -> APIClient:
    """A client with a partner token of this platform."""
    _, text = make_partner_token(platform, *scopes, **{"name": f"of {platform}"} | options)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def make_platform(name: str = "Charge Co", *, party: str = "NL*CPO", role: str = "CPO", **columns: Any) -> Platform:
    """Registered and online, with one party."""
    known = PartyId.of_text(party)
    platform = Platform.objects.create(
        **{
            "name": name,
            "state": Platform.State.REGISTERED,
            "token_in_digest": token_digest(f"{CPO_TOKEN}-{name}"),
            "token_out": OUR_TOKEN,
            "versions_url": "https://cpo.example.com/ocpi/versions",
            "registered_at": NOW,
            "changed_at": NOW,
        }
        | columns
    )
    Party.objects.create(
        platform=platform,
        country_code=known.country_code,
        party_id=known.party_id,
        role=role,
        name=name,
        changed_at=NOW,
    )
    Endpoint.objects.create(
        platform=platform, module="locations", interface="SENDER", url="https://cpo.example.com/ocpi/2.2.1/locations"
    )
    Heartbeat.objects.create(platform=platform, heard_at=NOW)
    return platform


def make_agreement(provider: str = "NL*CPO", consumer: str = "FR*MSP", **columns: Any) -> Agreement:
    terms: dict[str, Any] = {"modules": ["locations", "sessions", "cdrs"], "valid_from": NOW - timedelta(days=30)}
    return Agreement.conclude(
        provider=PartyId.of_text(provider), consumer=PartyId.of_text(consumer), now=NOW, **terms | columns
    )


def make_mandate(agent: str = "DE*SCP", principal: str = "FR*MSP", **columns: Any) -> Mandate:
    terms: dict[str, Any] = {"modules": ["sessions"], "valid_from": NOW - timedelta(days=30)}
    return Mandate.grant(agent=PartyId.of_text(agent), principal=PartyId.of_text(principal), now=NOW, **terms | columns)


def make_behind(platform: Platform, party: str = "DK*R4E", **columns: Any) -> PartyBehind:
    known = PartyId.of_text(party)
    values = {"role": "EMSP", "status": "CONNECTED", "last_updated": NOW, "changed_at": NOW} | columns
    return PartyBehind.objects.create(
        platform=platform, country_code=known.country_code, party_id=known.party_id, **values
    )


def make_lane(platform: Platform, **columns: Any) -> Lane:
    return Lane.objects.create(**{"platform": platform, "sublane": 0, "cursor": 0, "cursor_at": NOW} | columns)


def make_dead_letter(platform: Platform, **columns: Any) -> DeadLetter:
    return DeadLetter.objects.create(
        **{
            "platform": platform,
            "receiver": "nlcpo",
            "event": 7,
            "event_at": NOW,
            "module": "tokens",
            "method": "PUT",
            "path": f"FR/MSP/{UID}",
            "body": f'{{"uid": "{UID}", "price": 1.50}}',
            "sender": "frmsp",
            "correlation_id": "corr-1",
            "http_status": 200,
            "status_code": 2001,
            "reason": "uid: too long",
            "created_at": NOW,
        }
        | columns
    )


def make_finding(**columns: Any) -> Finding:
    return Finding.objects.create(
        **{
            "kind": "energy_differs",
            "severity": "hold",
            "owner": "nlcpo",
            "token_owner": "frmsp",
            "cdr_id": "CDR1",
            "cdr_key": "cdr1",
            "session_id": "S1",
            "session_key": "s1",
            "path": "/total_energy",
            "expected": "12.345",
            "actual": "12.999",
            "message": "The CDR bills 12.999 kWh, the session says 12.345.",
            "opened_at": NOW,
        }
        | columns
    )


def log_call(**columns: Any) -> int:
    """A row of the call log, as the writer would leave it. Returns its id."""
    row = {
        "at": NOW,
        "leg": "in",
        "platform": None,
        "module": "locations",
        "interface": "RECEIVER",
        "method": "PUT",
        "object_id": "LOC1",
        "sender": "nlcpo",
        "receiver": "frmsp",
        "request_id": "req-1",
        "correlation_id": "corr-1",
        "http_status": 200,
        "status_code": 1000,
        "duration_ms": 12,
    } | columns
    return _insert("journal_calllog", row)


def log_event(**columns: Any) -> int:
    row = {
        "at": NOW,
        "module": "tokens",
        "method": "PUT",
        "path": f"FR/MSP/{UID}",
        "body": '{"uid": "' + UID + '", "n": 1.500}',
        "object_key": f"tokens:frmsp:{UID.lower()}",
        "sublane": 0,
        "sender": "frmsp",
        "sender_role": "EMSP",
        "correlation_id": "corr-1",
    } | columns
    return _insert("journal_event", row)


def _insert(table: str, row: dict[str, Any]) -> int:
    columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING id", list(row.values()))
        return int(cursor.fetchone()[0])


def make_staff(name: str = "root") -> User:
    """May do everything. Has no password: tests use `force_login`, and hashing one costs more than most pages."""
    return User.objects.create(username=name, is_staff=True, is_superuser=True)


def make_clock(party: str = "NL*CPO", *, hours: int = 2, pulls_per_day: int = 4) -> CdrClock:
    due_after = timedelta(hours=hours)
    return CdrClock.set(PartyId.of_text(party), due_after=due_after, pulls_per_day=pulls_per_day, now=NOW)
