"""A CDR and a session as the hub has stored them: both agree unless a test changes a column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from cdrs.models import Cdr
from charging_sessions.models import Session
from reconciliation.models import Finding
from reconciliation.summary import summary

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STARTED = NOW - timedelta(hours=3)
ENDED = NOW - timedelta(hours=2)
ARRIVED = NOW - timedelta(hours=1)


_encoder = msgspec.json.Encoder(decimal_format="number")


def text(document: Any) -> str:
    return _encoder.encode(document).decode()


def session_columns(key: str = "s1", **columns: Any) -> dict[str, Any]:
    return {
        "owner": "nlcpo",
        "object_key": key,
        "object_id": key.upper(),
        "document": "{}",
        "last_updated": ENDED,
        "received_at": STARTED,
        "changed_at": ARRIVED,
        "token_owner": "frmsp",
        "status": "COMPLETED",
        "start_at": STARTED,
        "end_at": ENDED,
        "kwh": Decimal("12.345"),
        "total_cost": Decimal("4.20"),
        "currency": "EUR",
    } | columns


def cdr_columns(key: str = "c1", **columns: Any) -> dict[str, Any]:
    """As the writer leaves it: changed when it came, and marked if its receiver did not take it."""
    code = columns.get("verdict_code")
    return {
        "owner": "nlcpo",
        "object_key": key,
        "object_id": key.upper(),
        "document": "{}",
        "last_updated": ENDED,
        "received_at": ARRIVED,
        "changed_at": columns.get("received_at", ARRIVED),
        "is_undelivered": code is not None and not 1000 <= code < 2000,
        "token_owner": "frmsp",
        "session_key": "s1",
        "start_at": STARTED,
        "end_at": ENDED,
        "total_energy": Decimal("12.345"),
        "total_cost": Decimal("4.20"),
        "currency": "EUR",
    } | columns


def store_session(key: str = "s1", **columns: Any) -> Session:
    return Session.objects.create(**session_columns(key, **columns))


def store_cdr(key: str = "c1", **columns: Any) -> Cdr:
    return Cdr.objects.create(**cdr_columns(key, **columns))


def store_credit(key: str, *, of: str, **columns: Any) -> Cdr:
    credit = {"is_credit": True, "credit_reference_key": of, "total_cost": Decimal("-4.20")}
    return store_cdr(key, **(credit | columns))


def count_pending() -> int:
    pending: int = summary(now=NOW)["pending"]
    return pending


def get_open() -> list[tuple[str, str]]:
    """(kind, CDR or session it names) of every open finding."""
    found = Finding.objects.filter(state="open").order_by("kind", "cdr_id", "session_id", "path")
    return [(finding.kind, finding.cdr_id or finding.session_id) for finding in found]
