"""Documents for the load: valid OCPI 2.2.1, in the sizes that partners send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def stamp(number: int) -> str:
    """A later number is a later moment, at whole milliseconds."""
    return (_BEGIN + timedelta(milliseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def session(*, cpo: str, emsp: str, id: str, number: int) -> bytes:
    """About 0.9 kB."""
    return json.dumps(
        {
            "country_code": cpo[:2],
            "party_id": cpo[3:],
            "id": id,
            "start_date_time": "2026-01-01T00:00:00Z",
            "kwh": 5.25,
            "cdr_token": {
                "country_code": emsp[:2],
                "party_id": emsp[3:],
                "uid": "012345678",
                "type": "RFID",
                "contract_id": f"{emsp[:2]}8ACC12E46L89",
            },
            "auth_method": "WHITELIST",
            "location_id": "LOC1",
            "evse_uid": "EVSE1",
            "connector_id": "1",
            "currency": "EUR",
            "charging_periods": [
                {
                    "start_date_time": "2026-01-01T00:00:00Z",
                    "dimensions": [{"type": "ENERGY", "volume": 5.25}, {"type": "TIME", "volume": 0.5}],
                    "tariff_id": "T1",
                }
            ],
            "total_cost": {"excl_vat": 4.5, "incl_vat": 5.45},
            "status": "ACTIVE",
            "last_updated": stamp(number),
        },
        separators=(",", ":"),
    ).encode()


def location(*, cpo: str, id: str, number: int, evses: int = 10) -> bytes:
    """About 4 kB with ten EVSEs."""
    return json.dumps(
        {
            "country_code": cpo[:2],
            "party_id": cpo[3:],
            "id": id,
            "publish": True,
            "name": f"Car park {id}",
            "address": "Main street 12",
            "city": "Utrecht",
            "postal_code": "3511 ED",
            "country": "NLD",
            "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
            "evses": [_evse(id, index) for index in range(evses)],
            "time_zone": "Europe/Amsterdam",
            "last_updated": stamp(number),
        },
        separators=(",", ":"),
    ).encode()


def status(number: int, *, value: str = "CHARGING") -> bytes:
    """What a CPO sends when a car is plugged in: a PATCH of one EVSE."""
    return json.dumps({"status": value, "last_updated": stamp(number)}, separators=(",", ":")).encode()


def _evse(location: str, index: int) -> dict[str, object]:
    return {
        "uid": f"{location}-{index}",
        "evse_id": f"NL*CPO*E{location}*{index}",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [
            {
                "id": "1",
                "standard": "IEC_62196_T2",
                "format": "SOCKET",
                "power_type": "AC_3_PHASE",
                "max_voltage": 230,
                "max_amperage": 32,
                "tariff_ids": ["T1"],
                "last_updated": stamp(0),
            }
        ],
        "last_updated": stamp(0),
    }
