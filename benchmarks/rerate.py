"""How many stored CDRs one core judges in a second: text to verdict, as the worker does it, beside parsing alone.

`measure()` returns the figures; `python -m benchmarks.rerate` prints them. It needs neither database nor stack.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from time import process_time
from typing import Any
from zlib import crc32

import msgspec

from cdrs.control import Thresholds
from reconciliation.control import Surroundings, judge, read_cdr
from tariffs.pricing import price

ZONE = "Europe/Amsterdam"
PERIODS = 10
TARIFFS = 20
AROUND = Surroundings(time_zone=ZONE, max_power=Decimal(150))
THRESHOLDS = Thresholds()
RECEIVED = datetime(2027, 6, 1, tzinfo=UTC)
_START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
_CENT = Decimal("0.01")
_encoder = msgspec.json.Encoder(decimal_format="number")


def measure(*, cdrs: int = 1_000, rounds: int = 3, periods: int = PERIODS) -> dict[str, float]:
    """CDRs per second of process time, the best of some rounds; `said` stands for the results."""
    texts = [_encoder.encode(document(number, periods=periods)).decode() for number in range(cdrs)]
    judged = _rate(_judge, texts, rounds=rounds)
    parsed = _rate(_parse, texts, rounds=rounds)
    said = crc32(repr([_judge(text) for text in texts]).encode())
    return {"bytes": len(texts[0]), "judged_per_s": judged, "parsed_per_s": parsed, "said": said}


def _parse(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _judge(text: str) -> Any:
    return judge(read_cdr(text), AROUND, received_at=RECEIVED, version="2.2.1", thresholds=THRESHOLDS, explain=False)


def _rate(work: Callable[[str], Any], texts: Sequence[str], *, rounds: int) -> float:
    best = 0.0
    for _ in range(rounds):
        began = process_time()
        for text in texts:
            work(text)
        best = max(best, len(texts) / (process_time() - began))
    return best


def document(number: int, *, periods: int = PERIODS) -> dict[str, Any]:
    """About 3.8 kB with ten periods with two to four dimensions, six elements, and the price that it comes to."""
    chance = random.Random(number)
    start = _START + timedelta(minutes=15 * chance.randrange(4 * 24 * 300))  # so that prices change between periods
    told, at = [], start
    for place in range(periods):
        told.append(_period(at, chance, is_last=place == periods - 1))
        at += timedelta(minutes=15)
    energy = sum((one["volume"] for period in told for one in period["dimensions"][:1]), Decimal(0))
    cdr = _frame(number, start, at) | {
        "tariffs": [tariff(number % TARIFFS)],
        "charging_periods": told,
        "total_energy": energy,
        "total_time": Decimal(periods) / 4,
        "total_parking_time": Decimal("0.25"),
        "total_cost": {"excl_vat": Decimal(0), "incl_vat": Decimal(0)},
    }
    totals = price(cdr, [], version="2.2.1", time_zone=ZONE).totals
    claimed = {
        name: {"excl_vat": _cents(amount.excl_vat), "incl_vat": _cents(amount.incl_vat)}
        for name, amount in totals.items()
        if name == "total_cost" or any(amount)
    }
    return cdr | claimed


def _cents(amount: Decimal | None) -> Decimal:
    assert amount is not None
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _period(at: datetime, chance: random.Random, *, is_last: bool) -> dict[str, Any]:
    dimensions = [{"type": "ENERGY", "volume": Decimal(0 if is_last else chance.randrange(500, 5000)) / 1000}]
    if is_last:
        dimensions.append({"type": "PARKING_TIME", "volume": Decimal("0.25")})
    else:
        dimensions.append({"type": "TIME", "volume": Decimal("0.25")})
        dimensions.append({"type": "MAX_POWER", "volume": Decimal(chance.randrange(20, 220)) / 10})
        if chance.random() < 0.5:
            dimensions.append({"type": "MIN_CURRENT", "volume": Decimal(16)})
    return {"start_date_time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "dimensions": dimensions, "tariff_id": "T1"}


def _frame(number: int, start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": f"CDR{number:09}",
        "start_date_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_date_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "session_id": f"S{number:09}",
        "cdr_token": {
            "country_code": "FR",
            "party_id": "MSP",
            "uid": f"{number:014X}",
            "type": "RFID",
            "contract_id": "FR-MSP-C00000001-X",
        },
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
        "last_updated": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }


def tariff(number: int) -> dict[str, Any]:
    """By day and night, weekend, power and duration; parking; limits on both sides."""
    base = Decimal(25 + number) / 100

    def element(*components: tuple[str, Decimal, int], **restrictions: Any) -> dict[str, Any]:
        priced = [
            {"type": type, "price": amount, "vat": Decimal("21.0"), "step_size": step}
            for type, amount, step in components
        ]
        return {"price_components": priced} | ({"restrictions": restrictions} if restrictions else {})

    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "T1",
        "currency": "EUR",
        "min_price": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.61")},
        "max_price": {"excl_vat": Decimal("80.00"), "incl_vat": Decimal("96.80")},
        "elements": [
            element(("FLAT", Decimal("0.35"), 1)),
            element(("ENERGY", base + Decimal("0.2"), 1), max_power=Decimal(16), day_of_week=["SATURDAY", "SUNDAY"]),
            element(("ENERGY", base, 1), start_time="22:00", end_time="07:00"),
            element(("PARKING_TIME", Decimal("3.00"), 300), start_time="08:00", end_time="18:00"),
            element(("TIME", Decimal("1.00"), 60), min_duration=7200),
            element(("ENERGY", base + Decimal("0.1"), 1)),
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(json.dumps({"long": measure(rounds=rounds), "short": measure(rounds=rounds, periods=2)}))


if __name__ == "__main__":
    main()
