"""CDRs to be judged by their price, and what the hub knows around them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cdrs.models import Cdr
from locations.models import Location
from reconciliation.models import Finding
from tests.documents import cdr_document, location_document
from tests.reconciliation.stored import ARRIVED, store_cdr, text

WRONG: dict[str, Any] = {"total_cost": {"excl_vat": Decimal("9.20"), "incl_vat": Decimal("11.13")}}
NIGHT: dict[str, Any] = {
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": Decimal("1.00"), "step_size": 1}],
            "restrictions": {"start_time": "22:00", "end_time": "09:30"},
        },
        {"price_components": [{"type": "ENERGY", "price": Decimal("0.50"), "step_size": 1}]},
    ]
}


def store(key: str = "c1", *, document: Any = None, **columns: Any) -> Cdr:
    body = document or cdr_document(id=key.upper())
    columns = {"total_cost": body["total_cost"]["excl_vat"], **columns}
    return store_cdr(key, document=text(body), start_at="2026-11-20T09:00:00Z", **columns)


def store_owned(model: Any, document: Any, *, key: str, **columns: Any) -> Any:
    return model.objects.create(
        **{
            "owner": "nlcpo",
            "object_key": key,
            "object_id": key.upper(),
            "document": text(document),
            "last_updated": "2026-11-01T00:00:00Z",
            "received_at": ARRIVED,
            "changed_at": ARRIVED,
        }
        | columns
    )


def store_location(document: Any = None, **columns: Any) -> Location:
    return store_owned(
        Location, document or location_document(), key="loc1", **{"time_zone": "Europe/Amsterdam", **columns}
    )


def findings() -> set[tuple[str, str, str]]:
    return {(one.kind, one.path, one.severity) for one in Finding.objects.filter(state="open")}
