"""What the hub knows around many CDRs at once: one query for each kind of thing, however many CDRs there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from ocpi.calls import PartyId
from ocpi.decoding import read_number
from reconciliation.control import Document, Surroundings, read_cdr

Key = tuple[str, str]  # owner and id, in lower case

# Deleted ones count: they were there when the session was.
LOCATIONS = """
    SELECT l.owner, l.object_key, l.time_zone, l.document FROM locations_location l
     WHERE (l.owner, l.object_key) IN (
            SELECT owner COLLATE "C", key COLLATE "C" FROM unnest(%(owners)s, %(keys)s) AS asked (owner, key))
       AND l.audience = '' AND l.is_verified
"""
TOKENS = """
    SELECT DISTINCT t.owner, t.uid_key FROM tokens_token t
     WHERE (t.owner, t.uid_key) IN (
            SELECT owner COLLATE "C", key COLLATE "C" FROM unnest(%(owners)s, %(keys)s) AS asked (owner, key))
"""
# What was told to the token's owner alone comes before what was told to all. Only the present version is kept: it was
# that of the session if it is older than the session.
TARIFFS = """
    SELECT t.owner, t.object_key, t.audience, t.last_updated, t.deleted_at, t.document FROM tariffs_tariff t
     WHERE (t.owner, t.object_key) IN (
            SELECT owner COLLATE "C", key COLLATE "C" FROM unnest(%(owners)s, %(keys)s) AS asked (owner, key))
       AND t.is_verified
     ORDER BY t.owner, t.object_key, t.audience DESC
"""
# Who tells the hub nothing of the kind can have nothing missing.
TELLERS = """
    SELECT asked.owner FROM unnest(%(owners)s) AS asked (owner)
     WHERE EXISTS (SELECT 1 FROM {table} t WHERE t.owner = asked.owner COLLATE "C")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A stored CDR that is to be judged. `is_settled`: it is taken back to the last cent, or takes one back."""

    id: int
    owner: str
    token_owner: str
    cdr_id: str
    cdr_key: str
    session_key: str
    version: str
    document: str
    start_at: datetime | None
    changed_at: datetime
    is_settled: bool = False


class _Connector(msgspec.Struct):
    id: str
    max_electric_power: Decimal | int | None = None


class _Evse(msgspec.Struct):
    uid: str
    connectors: list[_Connector] = []


class _Location(msgspec.Struct):
    evses: list[_Evse] | None = None


_locations = msgspec.json.Decoder(_Location, float_hook=read_number)


@dataclass(frozen=True, slots=True)
class _KnownTariff:
    audience: str
    last_updated: datetime
    deleted_at: datetime | None
    document: str

    def was_known(self, cdr: Waiting) -> bool:
        at = cdr.start_at
        is_for = self.audience in ("", cdr.token_owner)
        return (
            is_for and at is not None and self.last_updated <= at and (self.deleted_at is None or self.deleted_at > at)
        )


def look_around(waiting: Sequence[Waiting]) -> list[tuple[Document | None, Surroundings]]:
    """Each with its document, read once."""
    cdrs = [read_cdr(one.document) for one in waiting]
    places = [_place(one, cdr) for one, cdr in zip(waiting, cdrs, strict=True)]
    tokens = [_token(one, cdr) for one, cdr in zip(waiting, cdrs, strict=True)]
    named = [tuple(_tariffs(one, cdr)) for one, cdr in zip(waiting, cdrs, strict=True)]
    known_places = {(owner, key): (zone, _read_powers(text)) for owner, key, zone, text in _fetch(LOCATIONS, places)}
    known_tokens = set(_fetch(TOKENS, tokens))
    known_tariffs: dict[Key, list[_KnownTariff]] = {}
    for owner, key, *columns in _fetch(TARIFFS, {key for keys in named for key in keys}):
        known_tariffs.setdefault((owner, key), []).append(_KnownTariff(*columns))
    tell_places = _fetch_tellers("locations_location", {key for key in places if key} - known_places.keys())
    tell_tokens = _fetch_tellers("tokens_token", {key for key in tokens if key} - known_tokens)
    read: dict[str, Document | None] = {}
    found: list[tuple[Document | None, Surroundings]] = []
    for one, cdr, place, token, keys in zip(waiting, cdrs, places, tokens, named, strict=True):
        zone, powers = known_places.get(place or ("", ""), ("", {}))
        around = Surroundings(
            time_zone=zone or None,
            max_power=powers.get(_plug(cdr)),
            known_tariffs=tuple(_known(one, keys, known_tariffs, read)),
            is_location_missing=place is not None and place not in known_places and place[0] in tell_places,
            is_token_missing=token is not None and token not in known_tokens and token[0] in tell_tokens,
        )
        found.append((cdr, around))
    return found


def _fetch(statement: str, keys: Iterable[Key | None]) -> list[Any]:
    wanted = sorted({key for key in keys if key is not None})
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, {"owners": [owner for owner, _ in wanted], "keys": [key for _, key in wanted]})
        return cursor.fetchall()


def _fetch_tellers(table: str, missing: Iterable[Key]) -> set[str]:
    owners = sorted({owner for owner, _ in missing})
    if not owners:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(TELLERS.format(table=table), {"owners": owners})
        return {row[0] for row in cursor.fetchall()}


def _place(waiting: Waiting, cdr: Document | None) -> Key | None:
    id = _get(cdr, "cdr_location", "id")
    return (waiting.owner, id.lower()) if id else None


def _token(waiting: Waiting, cdr: Document | None) -> Key | None:
    """Cards only: what an app makes up for one session, nobody tells beforehand."""
    uid = _get(cdr, "cdr_token", "uid")
    return (waiting.token_owner, uid.lower()) if uid and _get(cdr, "cdr_token", "type") == "RFID" else None


def _tariffs(waiting: Waiting, cdr: Document | None) -> Iterator[Key]:
    """Those the CDR holds; those its periods name, where it holds none."""
    own = cdr.get("tariffs") if cdr else None
    for tariff in own if isinstance(own, list) else ():
        if isinstance(tariff, dict) and isinstance(tariff.get("id"), str):
            owner = PartyId(str(tariff.get("country_code") or ""), str(tariff.get("party_id") or ""))
            yield (owner.key if owner.is_well_formed else waiting.owner), tariff["id"].lower()
    if not own and cdr is not None:
        periods = cdr.get("charging_periods")
        for period in periods if isinstance(periods, list) else ():
            if isinstance(period, dict) and isinstance(period.get("tariff_id"), str):
                yield waiting.owner, period["tariff_id"].lower()


def _known(
    cdr: Waiting, keys: Iterable[Key], tariffs: Mapping[Key, list[_KnownTariff]], read: dict[str, Document | None]
) -> Iterator[Document]:
    for key in dict.fromkeys(keys):
        for tariff in tariffs.get(key, ()):
            if tariff.audience in ("", cdr.token_owner):
                if tariff.was_known(cdr):
                    if tariff.document not in read:
                        read[tariff.document] = read_cdr(tariff.document)
                    document = read[tariff.document]
                    if document is not None:
                        yield document
                break  # the other is not what the token's owner was told


def _plug(cdr: Document | None) -> Key:
    return _get(cdr, "cdr_location", "evse_uid").lower(), _get(cdr, "cdr_location", "connector_id").lower()


def _read_powers(location: str) -> dict[Key, Decimal]:
    """kW by EVSE and connector, where the location tells it."""
    try:
        evses = _locations.decode(location).evses or []
    except msgspec.DecodeError:
        return {}
    return {
        (evse.uid.lower(), plug.id.lower()): Decimal(plug.max_electric_power) / 1000
        for evse in evses
        for plug in evse.connectors
        if plug.max_electric_power
    }


def _get(document: Document | None, name: str, field: str) -> str:
    inner = document.get(name) if document else None
    value = inner.get(field) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else ""
