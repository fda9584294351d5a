"""What the hub knows about a CDR at one moment, to be kept with a dispute: documents as told, calls, price. Reads only.

Nothing goes in that one of the two sides may not see: only calls between these two, no message of the hub's own log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import Q

from cdrs.models import Cdr
from charging_sessions.models import Session
from journal.models import CallLog, Event
from locations.models import Location
from ocpi.times import format_datetime
from reconciliation.control import Document, read_cdr
from reconciliation.dispute import DisputeEvidence
from tariffs.pricing import price
from tariffs.pricing.report import report

MOST = 200  # calls and events each
Kind = DisputeEvidence.Kind

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Exhibit:
    kind: str
    title: str
    content: str


def collect_evidence(cdr: Cdr) -> list[Exhibit]:
    document = read_document(cdr.document)
    session = _find_session(cdr)
    return [
        Exhibit(Kind.CDR, f"CDR {cdr.object_id}, as it was told", cdr.document),
        *_tell_session(session),
        Exhibit(Kind.HISTORY, "Calls about the CDR and its session", _write(_get_history(cdr, session))),
        Exhibit(Kind.PRICE, "The price, line by line, as the hub computes it", _write(_price(cdr, document))),
        *_tell_signed_data(cdr, document),
    ]


def read_document(text: str) -> Document:
    """Amounts as Decimal; empty where it cannot be read: no sender can keep its own bill from being disputed."""
    return read_cdr(text) or {}


def _find_session(cdr: Cdr) -> Session | None:
    if not cdr.session_key:
        return None
    visible = Session.objects.filter(owner=cdr.owner, object_key=cdr.session_key, audience="")
    return visible.filter(token_owner=cdr.token_owner).first()  # another token's session is not theirs to see


def _tell_session(session: Session | None) -> Iterator[Exhibit]:
    if session is not None:
        yield Exhibit(Kind.SESSION, f"Session {session.object_id}, as it was last told", session.document)


def _tell_signed_data(cdr: Cdr, document: Mapping[str, Any]) -> Iterator[Exhibit]:
    if document.get("signed_data"):
        raw = msgspec.json.decode(cdr.document, type=dict[str, msgspec.Raw])["signed_data"]
        yield Exhibit(Kind.SIGNED_DATA, "Signed meter data of the CDR", bytes(raw).decode())


def _get_history(cdr: Cdr, session: Session | None) -> list[dict[str, Any]]:
    objects = [("cdrs", cdr.object_id)]
    if session is not None:
        objects.append(("sessions", session.object_id))
    lines = [line for module, object_id in objects for line in _get_lines(cdr, module, object_id)]
    return sorted(lines, key=lambda line: (line["at"], line["what"]))


def _get_lines(cdr: Cdr, module: str, object_id: str) -> Iterator[dict[str, Any]]:
    between = [cdr.owner, cdr.token_owner, settings.HUB_PARTY.key, ""]
    calls = CallLog.objects.filter(Q(sender=cdr.owner) | Q(receiver=cdr.owner), object_id=object_id, module=module)
    for call in calls.filter(sender__in=between, receiver__in=between).order_by("at", "id")[:MOST]:
        yield {
            "at": format_datetime(call.at),
            "what": f"{call.method} {module}, {'to' if call.leg == 'in' else 'from'} the hub",
            "sender": call.sender,
            "receiver": call.receiver,
            "http_status": call.http_status,
            "status_code": call.status_code,
        }
    key = f"{module}:{cdr.owner}:{object_id.lower()}"
    for event in Event.objects.filter(object_key=key, receiver__in=between).order_by("at", "id")[:MOST]:
        yield {
            "at": format_datetime(event.at),
            "what": f"{event.method} {module}, as it was told",
            "document": _as_raw(event.body),
        }


def _price(cdr: Cdr, document: Document) -> dict[str, Any]:
    try:
        return report(price(document, [], version=cdr.version, time_zone=_find_time_zone(cdr, document)))
    except ValueError as e:
        return {"verdict": "not_verifiable", "message": str(e)}


def _find_time_zone(cdr: Cdr, document: Mapping[str, Any]) -> str | None:
    """CDRs do not tell it: the hub's own copy of the location does."""
    location = document.get("cdr_location")
    key = str(location.get("id", "")).lower() if isinstance(location, Mapping) else ""
    zones = Location.objects.filter(owner=cdr.owner, object_key=key, audience="").values_list("time_zone", flat=True)
    return zones.first() or None


def _as_raw(body: str) -> Any:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body
    return msgspec.Raw(body.encode())


def _write(value: Any) -> str:
    return _encoder.encode(value).decode()
