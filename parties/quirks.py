"""Habits of partners that differ from the specification without harm: which there are, and how they look on the wire.

Pure. Some need a setting of the platform, because the hub must do something else for it; the others are taken from
everybody, and are only noted so that staff can tell the partner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from ocpi.calls import Call, Interface


class Quirk(StrEnum):
    RAW_TOKEN = "raw_token"  # AMB-01
    TRAILING_SLASH = "trailing_slash"  # AMB-15
    WRAPPED_OBJECT = "wrapped_object"  # a single object as a list of one (TRANS-15)
    NO_PATCH = "no_patch"
    DATE_TO_INCLUSIVE = "date_to_inclusive"  # TRANS-20; not to be seen from outside: staff sets it
    OK_FOR_CREATED = "ok_for_created"  # TRANS-13
    NULL_FOR_ABSENT = "null_for_absent"  # TRANS-42
    NO_MESSAGE_IDS = "no_message_ids"  # TRANS-38
    NO_EVSE_UID = "no_evse_uid"  # a CDR's location without the one of its two ids of an EVSE that not all have


SETTINGS: Mapping[Quirk, str] = {
    Quirk.RAW_TOKEN: "sends_raw_token",
    Quirk.TRAILING_SLASH: "wants_trailing_slash",
    Quirk.WRAPPED_OBJECT: "wraps_single_objects",
    Quirk.NO_PATCH: "takes_no_patch",
    Quirk.DATE_TO_INCLUSIVE: "date_to_is_inclusive",
}
"""The field of `Platform` that makes the hub do as the partner does."""

_NULL = re.compile(rb'"(\w{1,40})"\s*:\s*null\b')
_NO_METHOD = frozenset({405, 501})
_REDIRECTS = frozenset({301, 302, 307, 308})


def shape_url(url: str, quirks: frozenset[Quirk]) -> str:
    """With a slash behind the path, for platforms that want it so."""
    if Quirk.TRAILING_SLASH not in quirks:
        return url
    path, mark, query = url.partition("?")
    return f"{path.rstrip('/')}/{mark}{query}"


def unwrap(document: bytes) -> bytes | None:
    """The one object of a list of one; None: it is something else."""
    if document[:1] == b"{" or document.lstrip()[:1] != b"[":
        return None
    try:
        found = msgspec.json.decode(document, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    only = bytes(found[0]) if len(found) == 1 else b""
    return only if only.lstrip()[:1] == b"{" else None


def find_in_push(call: Call) -> dict[Quirk, str]:
    """What is odd in a body that was pushed to the hub, with an example that says nothing of persons."""
    if unwrap(call.body) is not None:
        return {Quirk.WRAPPED_OBJECT: f"{call.method} {call.module}: a list of one object"}
    if call.method == "POST" and b'"cdr_location"' in call.body and b'"evse_uid"' not in call.body:
        return {Quirk.NO_EVSE_UID: f"{call.method} {call.module}: cdr_location has no evse_uid"}
    null = _NULL.search(call.body) if b"null" in call.body and call.method in ("PUT", "POST") else None
    return {Quirk.NULL_FOR_ABSENT: f"{call.method} {call.module}: {null[1].decode()} is null"} if null else {}


def find_in_answer(
    *, module: str, method: str, path: str, url: str, http_status: int, location: str | None
) -> dict[Quirk, str]:
    """What is odd in an answer's status. `path` is what stands behind the endpoint."""
    if http_status in _REDIRECTS and location and _has_one_slash_more(location, url):
        return {Quirk.TRAILING_SLASH: f"{method} {module}: HTTP {http_status} to the same path with a slash"}
    if method == "PATCH" and http_status in _NO_METHOD:
        return {Quirk.NO_PATCH: f"PATCH {module}: HTTP {http_status}"}
    if method == "POST" and not path and http_status == 200:
        return {Quirk.OK_FOR_CREATED: f"POST {module}: HTTP 200"}
    return {}


def _has_one_slash_more(location: str, url: str) -> bool:
    try:
        return urlsplit(location).path == urlsplit(url).path + "/"
    except ValueError:  # no URL at all
        return False


def find_wrapped(call: Call, data: bytes | None) -> bytes | None:
    """The object, where one was asked for and a list of one came; None: nothing is odd."""
    return unwrap(data) if data is not None and is_single(call) else None


def is_single(call: Call) -> bool:
    """One object is asked for: by its id, or by its owner and id."""
    return call.method == "GET" and len(call.path) > (2 if call.interface is Interface.RECEIVER else 0)
