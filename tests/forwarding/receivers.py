"""How receivers behave in the tests of the drain, and what is changed behind its back."""

from __future__ import annotations

from typing import Any

from charging_sessions.models import Session
from journal.connection import connect
from locations.models import Location
from tests.forwarding.cast import CPO, LONG_AGO, envelope
from tests.parties.http_peer import Behave, Handler


def answer_with(status_code: int, *, status: int = 200, only: str = "") -> Behave:
    """1000, except on paths that contain `only`."""

    def behave(handler: Handler) -> None:
        if only in handler.path:
            handler.answer(envelope(status_code, message="no"), status=status)
        else:
            handler.answer(envelope())

    return behave


def hang_up(handler: Handler) -> None:
    """It was received; nobody will know."""
    handler.close_connection = True
    handler.connection.close()


def query_elsewhere(sql: str) -> None:
    connection = connect(name="hub test")
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def store_location(*, document: str, **changes: Any) -> None:
    Location.objects.create(
        **{
            "owner": CPO.key,
            "object_key": "loc1",
            "object_id": "LOC1",
            "document": document,
            "last_updated": LONG_AGO,
            "received_at": LONG_AGO,
            "changed_at": LONG_AGO,
            **changes,
        }
    )


def store_session(name: str) -> None:
    Session.objects.create(
        owner=CPO.key,
        object_key=name.lower(),
        object_id=name,
        document="{}",
        last_updated=LONG_AGO,
        received_at=LONG_AGO,
        changed_at=LONG_AGO,
    )
