"""Valid OCPI 2.2.1 objects. Changes by keyword: a dict is merged in, `ABSENT` takes a field away."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from tests.conformance.wire import AT

Document = dict[str, Any]
ABSENT: Final = object()


def location(id: str, *, owner: str = "DE*CPA", **changes: Any) -> Document:
    return changed(
        _owned(owner, id=id)
        | {
            "publish": True,
            "name": "Station square",
            "address": "Bahnhofplatz 1",
            "city": "Essen",
            "postal_code": "45127",
            "country": "DEU",
            "coordinates": {"latitude": "51.451389", "longitude": "7.013611"},
            "evses": [evse("E1"), evse("E2")],
            "time_zone": "Europe/Berlin",
            "last_updated": AT,
        },
        **changes,
    )


def evse(uid: str, **changes: Any) -> Document:
    document = {
        "uid": uid,
        "evse_id": f"DE*CPA*E{uid}",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector("1")],
        "last_updated": AT,
    }
    return changed(document, **changes)


def connector(id: str, **changes: Any) -> Document:
    document = {
        "id": id,
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "last_updated": AT,
    }
    return changed(document, **changes)


def tariff(id: str, *, owner: str = "DE*CPA", **changes: Any) -> Document:
    component = {"type": "ENERGY", "price": Decimal("0.3"), "vat": Decimal("19.0"), "step_size": 1}
    document = _owned(owner, id=id) | {
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": AT,
    }
    return changed(document, **changes)


def token(uid: str, *, owner: str = "NL*MSA", **changes: Any) -> Document:
    document = _party(owner) | {
        "uid": uid,
        "type": "RFID",
        "contract_id": f"{owner.replace('*', '-')}-C12345678",
        "issuer": "Mobility provider",
        "valid": True,
        "whitelist": "ALLOWED",
        "last_updated": AT,
    }
    return changed(document, **changes)


def session(id: str, *, owner: str = "DE*CPA", token_owner: str = "NL*MSA", **changes: Any) -> Document:
    document = _owned(owner, id=id) | {
        "start_date_time": "2026-11-20T09:00:00Z",
        "kwh": Decimal("1.5"),
        "cdr_token": cdr_token(token_owner),
        "auth_method": "WHITELIST",
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [charging_period()],
        "status": "ACTIVE",
        "last_updated": AT,
    }
    return changed(document, **changes)


def cdr(id: str, *, owner: str = "DE*CPA", token_owner: str = "NL*MSA", **changes: Any) -> Document:
    document = _owned(owner, id=id) | {
        "start_date_time": "2026-11-20T09:00:00Z",
        "end_date_time": "2026-11-20T10:00:00Z",
        "session_id": f"S{id}"[:36],
        "cdr_token": cdr_token(token_owner),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "address": "Bahnhofplatz 1",
            "city": "Essen",
            "postal_code": "45127",
            "country": "DEU",
            "coordinates": {"latitude": "51.451389", "longitude": "7.013611"},
            "evse_uid": "E1",
            "evse_id": "DE*CPA*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [charging_period()],
        "total_cost": {"excl_vat": Decimal("4.0001"), "incl_vat": Decimal("4.7601")},
        "total_energy": Decimal("12.345"),
        "total_time": Decimal("1.0"),
        "last_updated": AT,
    }
    return changed(document, **changes)


def cdr_token(owner: str = "NL*MSA", *, uid: str = "TOKEN1") -> Document:
    return _party(owner) | {"uid": uid, "type": "RFID", "contract_id": f"{owner.replace('*', '-')}-C12345678"}


def charging_period() -> Document:
    return {"start_date_time": "2026-11-20T09:00:00Z", "dimensions": [{"type": "ENERGY", "volume": Decimal("1.5")}]}


def changed(document: Mapping[str, Any], **changes: Any) -> Document:
    result = dict(document)
    for name, value in changes.items():
        if value is ABSENT:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = changed(result[name], **value)
        else:
            result[name] = value
    return result


def _party(owner: str) -> Document:
    country, _, id = owner.partition("*")
    return {"country_code": country, "party_id": id}


def _owned(owner: str, *, id: str) -> Document:
    return _party(owner) | {"id": id}
