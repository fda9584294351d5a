"""One of every stored object, with numbers whose text must survive."""

from __future__ import annotations

from typing import Any

from cdrs.models import Cdr
from charging_sessions.models import Session
from locations.models import Location
from parties.owned import OwnedObject
from tariffs.models import Tariff
from tests.management.cast import NOW, UID
from tokens.models import Token

CONTRACT = "FR8MSPC4711Z88"


def _columns(object_id: str, document: str, **columns: Any) -> dict[str, Any]:
    return {
        "owner": "nlcpo",
        "object_key": object_id.lower(),
        "object_id": object_id,
        "document": document,
        "last_updated": NOW,
        "received_at": NOW,
        "changed_at": NOW,
        "verdict_code": 1000,
        "verdict_at": NOW,
    } | columns


def store_one_of_each() -> dict[str, OwnedObject]:
    return {
        "locations_location": Location.objects.create(**_columns("LOC1", '{"id":"LOC1","evses":[]}', city="Utrecht")),
        "tariffs_tariff": Tariff.objects.create(**_columns("TAR1", '{"id":"TAR1","price":0.250}', currency="EUR")),
        "tokens_token": Token.objects.create(
            **_columns(
                UID,
                f'{{"uid":"{UID}"}}',
                owner="frmsp",
                object_key=f"{UID.lower()}:rfid",
                uid_key=UID.lower(),
                type="RFID",
                contract_id=CONTRACT,
            )
        ),
        "charging_sessions_session": Session.objects.create(
            **_columns("S1", '{"id":"S1","kwh":1.50}', token_owner="frmsp", status="ACTIVE")
        ),
        "cdrs_cdr": Cdr.objects.create(
            **_columns("CDR1", '{"id":"CDR1","total_energy":12.3450}', token_owner="frmsp", session_key="s1")
        ),
    }
