"""EVSEs and connectors inside a location's document: found, replaced, patched, their parents raised (LOC-04). Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from locations.wire.v2_2_1 import EVSE_MERGE, LOCATION_MERGE
from ocpi import patch
from ocpi.errors import UnknownLocation, UnknownObject
from ocpi.module import Match
from ocpi.raw import read_stamp

Path = list[tuple[str, str, str]]


def get_path(match: Match) -> Path:
    """Where the object of the URL stands: [("evses", "uid", …), ("connectors", "id", …)]."""
    path: Path = []
    if (evse_uid := match.get("evse_uid")) is not None:
        path.append(("evses", "uid", evse_uid))
    if (connector_id := match.get("connector_id")) is not None:
        path.append(("connectors", "id", connector_id))
    return path


def get_own_id(match: Match) -> tuple[str, str] | None:
    """(field, value) by which an EVSE or connector of this URL names itself; None for a location."""
    path = get_path(match)
    return (path[-1][1], path[-1][2]) if path else None


def get(document: bytes, match: Match) -> bytes | None:
    """The location, EVSE or connector of the URL."""
    path = get_path(match)
    return patch.get_child(document, path) if path else document


def merge_location(document: bytes, change: bytes) -> bytes:
    """EVSEs and connectors are merged by id and never removed (TRANS-32)."""
    return patch.merge(document, change, merge_by=LOCATION_MERGE)


def apply(
    document: bytes, match: Match, *, method: str, body: bytes, stamp: datetime | None, strict: bool
) -> bytes | None:
    """The location after a push of one of its parts; None where the part that is held is newer (LOC-16).

    Raises:
        patch.PatchError: what was pushed, or what is held, cannot be merged.
        UnknownLocation: the EVSE above a connector is not there (LOC-05).
        UnknownObject: there is nothing to PATCH.
    """
    path = get_path(match)
    held = patch.get_child(document, path)
    parent = patch.get_child(document, path[:-1]) if len(path) > 1 else document
    if parent is None or (held is None and method == "PATCH"):
        if not strict:
            return None
        if parent is None:
            raise UnknownLocation("no such EVSE: PUT it first")
        raise UnknownObject(f"no such {'EVSE' if len(path) == 1 else 'connector'}: PUT it first")
    if held is not None and stamp is not None and (held_at := read_stamp(held)) is not None and stamp < held_at:
        return None
    if method == "PATCH":
        children = EVSE_MERGE if len(path) == 1 else None
        changed = patch.patch_child(document, path, body, merge_by=children)
    else:
        changed = patch.replace_child(document, path, body)
    return _raise_parents(changed, path, body, stamp)


def _raise_parents(document: bytes, path: Path, body: bytes, stamp: datetime | None) -> bytes:
    """Every parent gets the time that was pushed, in the owner's spelling, unless it already carries a later one."""
    pushed = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get("last_updated")
    if pushed is None or stamp is None:
        return document
    for depth in range(len(path) - 1, -1, -1):
        parent = patch.get_child(document, path[:depth]) if depth else document
        held_at = None if parent is None else read_stamp(parent)
        if parent is None or (held_at is not None and held_at >= stamp):
            continue
        raised = patch.set_fields(parent, {"last_updated": bytes(pushed)})
        document = patch.replace_child(document, path[:depth], raised) if depth else raised
    return document
