"""Valid OCPI 2.2.1 documents (conformance Appendix A), as dicts and as bytes. No Django: any test may use them.

Every builder takes `owner` ("NL*CPO"), `id` and changes by keyword; a dict is merged into the dict that is there,
anything else replaces, ABSENT takes the field away:

    cdr_document(id="C2", total_cost={"incl_vat": ABSENT}, cdr_token={"uid": "T9"}, remark="again")

Numbers are int or Decimal, so `as_json` (not `json.dumps`) makes the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from ocpi.calls import PartyId

Document = dict[str, Any]

ABSENT: Final = object()
CPO = "NL*CPO"
EMSP = "FR*MSP"
AT = "2026-11-20T10:00:00Z"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def as_json(document: object) -> bytes:
    """The document as a partner would send it."""
    return _ENCODER.encode(document)


def location_document(*, owner: str = CPO, id: str = "LOC1", **changes: Any) -> Document:
    document = _owned(owner, id=id) | {
        "publish": True,
        "name": "Station square",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
        "parking_type": "ON_STREET",
        "evses": [evse_document(), evse_document(uid="EVSE2", evse_id="NL*CPO*E2")],
        "operator": {"name": "Charge point operator"},
        "time_zone": "Europe/Amsterdam",
        "opening_times": {"twentyfourseven": True},
        "last_updated": AT,
    }
    return changed(document, **changes)


def evse_document(*, uid: str = "EVSE1", **changes: Any) -> Document:
    document = {
        "uid": uid,
        "evse_id": "NL*CPO*E1",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector_document()],
        "physical_reference": "1",
        "last_updated": AT,
    }
    return changed(document, **changes)


def connector_document(*, id: str = "1", **changes: Any) -> Document:
    document = {
        "id": id,
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "max_electric_power": 22000,
        "tariff_ids": ["T1"],
        "last_updated": AT,
    }
    return changed(document, **changes)


def tariff_document(*, owner: str = CPO, id: str = "T1", **changes: Any) -> Document:
    document = _owned(owner, id=id) | {
        "currency": "EUR",
        "type": "REGULAR",
        "elements": [
            {
                "price_components": [
                    {"type": "FLAT", "price": Decimal("0.50"), "vat": Decimal("21.0"), "step_size": 1},
                    {"type": "ENERGY", "price": Decimal("0.30"), "vat": Decimal("21.0"), "step_size": 1},
                ]
            }
        ],
        "last_updated": AT,
    }
    return changed(document, **changes)


def token_document(*, owner: str = EMSP, uid: str = "TOKEN1", type: str = "RFID", **changes: Any) -> Document:
    document = _party(owner) | {
        "uid": uid,
        "type": type,
        "contract_id": "FR-MSP-C00000001-X",
        "visual_number": "FR-MSP-0001",
        "issuer": "Mobility provider",
        "valid": True,
        "whitelist": "ALLOWED",
        "language": "fr",
        "last_updated": AT,
    }
    return changed(document, **changes)


def session_document(*, owner: str = CPO, id: str = "S1", token_owner: str = EMSP, **changes: Any) -> Document:
    """A finished session that agrees with `cdr_document`."""
    document = _owned(owner, id=id) | {
        "start_date_time": "2026-11-20T09:00:00Z",
        "end_date_time": "2026-11-20T10:00:00Z",
        "kwh": Decimal("12.345"),
        "cdr_token": _cdr_token(token_owner),
        "auth_method": "WHITELIST",
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [_charging_period()],
        "total_cost": {"excl_vat": Decimal("4.20"), "incl_vat": Decimal("5.08")},
        "status": "COMPLETED",
        "last_updated": AT,
    }
    return changed(document, **changes)


def cdr_document(*, owner: str = CPO, id: str = "C1", token_owner: str = EMSP, **changes: Any) -> Document:
    """12.345 kWh in one hour under `tariff_document`: 0.50 + 12.345 × 0.30 = 4.20 excl. VAT."""
    document = _owned(owner, id=id) | {
        "start_date_time": "2026-11-20T09:00:00Z",
        "end_date_time": "2026-11-20T10:00:00Z",
        "session_id": "S1",
        "cdr_token": _cdr_token(token_owner),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "name": "Station square",
            "address": "Stationsplein 1",
            "city": "Utrecht",
            "postal_code": "3511 ED",
            "country": "NLD",
            "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
            "evse_uid": "EVSE1",
            "evse_id": "NL*CPO*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "tariffs": [tariff_document(owner=owner)],
        "charging_periods": [_charging_period() | {"tariff_id": "T1"}],
        "total_cost": {"excl_vat": Decimal("4.20"), "incl_vat": Decimal("5.08")},
        "total_fixed_cost": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.61")},
        "total_energy": Decimal("12.345"),
        "total_energy_cost": {"excl_vat": Decimal("3.70"), "incl_vat": Decimal("4.48")},
        "total_time": Decimal("1.0"),
        "last_updated": AT,
    }
    return changed(document, **changes)


def credit_cdr_document(*, of: Mapping[str, Any], id: str, **changes: Any) -> Document:
    """The Credit CDR of `of`: all data copied, only `total_cost` negated (CDR-06, CDR-07)."""
    negated = {name: -amount for name, amount in of["total_cost"].items()}
    document = dict(of) | {"id": id, "credit": True, "credit_reference_id": of["id"], "total_cost": negated}
    return changed(document, **changes)


def changed(document: Mapping[str, Any], **changes: Any) -> Document:
    """A copy with `changes` merged in; nothing given is altered."""
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
    party = PartyId.of_text(owner)
    return {"country_code": party.country_code, "party_id": party.party_id}


def _owned(owner: str, *, id: str) -> Document:
    return _party(owner) | {"id": id}


def _cdr_token(owner: str) -> Document:
    return _party(owner) | {"uid": "TOKEN1", "type": "RFID", "contract_id": "FR-MSP-C00000001-X"}


def _charging_period() -> Document:
    dimensions = [{"type": "ENERGY", "volume": Decimal("12.345")}, {"type": "TIME", "volume": Decimal("1.0")}]
    return {"start_date_time": "2026-11-20T09:00:00Z", "dimensions": dimensions}
