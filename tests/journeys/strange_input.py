"""What strangers send: tables of odd paths, queries, methods and bodies. No test here."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.documents import (
    as_json,
    cdr_document,
    connector_document,
    location_document,
    session_document,
    tariff_document,
    token_document,
)
from tests.journeys.strangers import CPO, EMSP

PUT_LOCATION = "/ocpi/2.2.1/receiver/locations/NL/CPO/LOC1"
PATHS = (
    "/ocpi",
    "/ocpi/",
    "/ocpi//",
    "/ocpi/versions/",
    "/ocpi/versions?x=%00&limit=%F0",
    "/ocpi/2.1.1",
    "/ocpi/2.2.1/",
    "/ocpi/9.9.9/receiver/locations/NL/CPO/L1",
    "/ocpi/2.2.1/nowhere/locations",
    "/ocpi/2.2.1/receiver",
    "/ocpi/2.2.1/receiver/",
    "/ocpi/2.2.1/receiver/locations",
    "/ocpi/2.2.1/receiver/locations/",
    "/ocpi/2.2.1/receiver/locations/NL",
    "/ocpi/2.2.1/receiver/locations//CPO/L1",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/",
    "/ocpi/2.2.1/receiver/locations/NL/CPO//",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/L%2F1",
    "/ocpi/2.2.1/receiver/locations/NL%2FCPO/L1",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/..",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/../../../../../etc/passwd",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%2e%2e/%2e%2e/L1",
    "/ocpi/2.2.1/receiver//locations/NL/CPO/L1",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/L%00",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%FF%FE%80",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%ED%A0%80",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%E2%80%AE%F0%9F%98%80",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%0d%0aX-Evil:%201",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/%zz",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/'%20OR%201=1;--",
    "/ocpi/2.2.1/receiver/locations/NL/CPO/" + "x" * 60_000,
    "/ocpi/2.2.1/receiver/locations/NL/CPO/L1" + "/x" * 5_000,
    "/ocpi/2.2.1/receiver/locations/%C3%84%C3%9F/%F0%9F%98%80%F0%9F%98%80%F0%9F%98%80/L1",
    "/ocpi/2.2.1/receiver/" + "m" * 10_000,
    "/ocpi/2.2.1/receiver/__class__/NL/CPO/L1",
    "/ocpi/2.2.1/alias/" + "a" * 10_000,
    "/ocpi/2.2.1/alias/%00",
    "/ocpi/2.2.1/alias/x/y",
    "/ocpi/2.2.1/sender/hubclientinfo/x",
    "/ocpi/2.2.1/sender/hubclientinfo?limit=-1",
    "/ocpi/2.2.1/sender/hubclientinfo?date_from=%00",
    "/ocpi/2.2.1/receiver/tokens/FR/MSP/T%00?type=%00",
    "/ocpi/2.2.1/receiver/tokens/FR/MSP/T1?type=" + "x" * 5_000,
    "/ocpi/2.2.1/receiver/sessions/NL/CPO/S%00",
    "/ocpi/2.2.1/receiver/cdrs/%00",
    "/ocpi/2.2.1/receiver/tariffs/NL/CPO/%00",
)
QUERIES = (
    "limit=0",
    "limit=-1",
    "limit=1e3",
    "limit=" + "9" * 400,
    "limit=%D9%A3",
    "offset=-1",
    "offset=9223372036854775807",
    "offset=9223372036854775808",
    "offset=" + "9" * 5000,
    "after=" + "9" * 30,
    "after=x",
    "limit=1&limit=2&limit",
    "date_from=yesterday",
    "date_from=0000-00-00T00:00:00Z",
    "date_from=0001-01-01T00:00:00%2B23:59",
    "date_from=9999-12-31T23:59:59-23:59",
    "date_from=2026-01-01T00:00:00Z%00",
    "date_to=" + "2" * 10_000,
    "date_from=2026-13-45T99:99:99Z&date_to=2020-01-01T00:00:00Z",
    "&&&===;;;%%%",
    "%00=%00",
    "x=" + "y" * 50_000,
)
METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "LINK")
DEEP = 100_000


LOCATION = location_document()
CREDENTIALS = {
    "token": "their-token",
    "url": "http://127.0.0.1:9/versions",
    "roles": [
        {"role": "CPO", "country_code": "DE", "party_id": "NEW", "business_details": {"name": "Newcomer"}},
    ],
}
_ID = re.compile(rb'"(id|uid|token)":"([^"]*)"')
_NESTED = b"[" * DEEP + b"]" * DEEP


def _with(fields: bytes) -> Callable[[bytes], bytes]:
    """The document with more fields in front."""
    return lambda document: b"{" + fields + b", " + document[1:]


def _then(fields: bytes) -> Callable[[bytes], bytes]:
    """The document with more fields at the end: of equal names the last counts."""
    return lambda document: document[:-1] + b", " + fields + b"}"


def _with_id(suffix: bytes) -> Callable[[bytes], bytes]:
    return lambda document: _ID.sub(lambda found: b'"%b":"%b%b"' % (found[1], found[2], suffix), document, count=1)


def _instead(body: bytes) -> Callable[[bytes], bytes]:
    return lambda document: body


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": _instead(b""),
    "blank": _instead(b" \r\n\t "),
    "null": _instead(b"null"),
    "list": _instead(b"[]"),
    "text": _instead(b'"LOC1"'),
    "number": _instead(b"1"),
    "empty object": _instead(b"{}"),
    "cut off": lambda document: document[:-7],
    "followed by more": lambda document: document + b"{}",
    "in a list": lambda document: b"[" + document + b"]",
    "single quotes": lambda document: document.replace(b'"', b"'"),
    "byte order mark": lambda document: b"\xef\xbb\xbf" + document,
    "UTF-16": lambda document: document.decode().encode("utf-16"),
    "not UTF-8": _with(b'"x": "\xff\xfe\x80"'),
    "not UTF-8 in the id": _with_id(b"\xff"),
    "NUL in the id": _with_id(b"\\u0000"),
    "NUL in an unknown field": _with(b'"x": "\\u0000", "\\u0000": 1'),
    "NUL in every text": lambda document: document.replace(b'":"', b'":"\\u0000'),
    "NUL byte": _with(b'"x": "\x00"'),
    "half a surrogate pair": _with(b'"x": "\\ud800", "\\udc00": 1'),
    "half a surrogate pair in the id": _with_id(b"\\ud800"),
    "line break in the id": _with_id(b"\\r\\nX-Evil: 1"),
    "endless id": _with_id(b"x" * 100_000),
    "id of four bytes a letter": _with_id("\U0001f600".encode() * 30),
    "deep lists": _instead(b"[" * DEEP),
    "deep lists, closed": _instead(_NESTED),
    "deep objects": _instead(b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "deep in an unknown field": _with(b'"x": ' + _NESTED),
    "deep in known fields": _with(b'"evses": ' + _NESTED + b', "elements": ' + _NESTED + b', "roles": ' + _NESTED),
    "deep in identity": _with(b'"id": ' + _NESTED + b', "uid": ' + _NESTED + b', "cdr_token": ' + _NESTED),
    "less deep": _with(b'"x": ' + b"[" * 900 + b"]" * 900),
    "the same field twice": _with(b'"id": "OTHER", "uid": "OTHER", "country_code": "DE", "country_code": 7'),
    "endless number": _with(b'"x": ' + b"9" * 200_000 + b', "kwh": ' + b"9" * 5_000),
    "enormous exponent": _with(b'"x": 1e999999999, "y": -1E-999999999'),
    "enormous amounts": lambda document: re.sub(rb":[0-9.]+", b":1e999999", document),
    "tiny amounts": lambda document: re.sub(rb":[0-9.]+", b":1e-999999", document),
    "negative zeros": lambda document: re.sub(rb":[0-9.]+", b":-0.0e-0", document),
    "not numbers": _with(b'"x": NaN, "y": Infinity'),
    "everything null": lambda document: re.sub(rb':"[^"]*"|:[0-9.]+', b":null", document),
    "everything text": lambda document: re.sub(rb":[0-9.]+", b':"1"', document),
    "moments out of range": lambda document: re.sub(rb"20\d\d-\d\d-\d\dT", b"9999-99-99T", document),
    "first moment": lambda document: re.sub(rb'"20\d\d-[^"]*"', b'"0001-01-01T00:00:00+23:59"', document),
    "last moment": lambda document: re.sub(rb'"20\d\d-[^"]*"', b'"9999-12-31T23:59:59-23:59"', document),
    "moments as numbers": lambda document: re.sub(rb'"20\d\d-[^"]*"', b"1e400", document),
    "exponent beyond Decimal": _with(b'"x": 1e99999999999999999999999'),
    "amounts beyond Decimal": lambda document: re.sub(rb":[0-9.]+", b":1e99999999999999999999999", document),
    "objects for lists": lambda document: re.sub(rb':\[(?=[{"])', b':{"x":[', document).replace(b"]", b"]}"),
    "texts for lists": _then(b'"charging_periods": "x", "evses": 5, "elements": {}, "connectors": {}'),
    "texts for objects": _then(b'"cdr_token": "x", "coordinates": 5, "cdr_location": [], "tax_included": {}'),
    "many fields": _with(b", ".join(b'"f%d": 0' % number for number in range(50_000))),
    "one long text": _with(b'"x": "' + b"x" * 1_500_000 + b'"'),
    "form": _instead(b"id=LOC1&country_code=NL"),
    "XML": _instead(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
    "random bytes": _instead(random.Random(1).randbytes(10_000)),
}
TARGETS = (
    ("PUT", PUT_LOCATION, "NL*HUB", CPO, LOCATION),
    ("PATCH", PUT_LOCATION, "NL*HUB", CPO, LOCATION),
    ("PUT", PUT_LOCATION, EMSP, CPO, LOCATION),
    ("PATCH", PUT_LOCATION, EMSP, CPO, LOCATION),
    ("PUT", f"{PUT_LOCATION}/EVSE1/1", "NL*HUB", CPO, connector_document()),
    ("PUT", "/ocpi/2.2.1/receiver/tariffs/NL/CPO/T1", "NL*HUB", CPO, tariff_document()),
    ("PUT", "/ocpi/2.2.1/receiver/tariffs/NL/CPO/T1", EMSP, CPO, tariff_document()),
    ("PUT", "/ocpi/2.2.1/receiver/tokens/FR/MSP/TOKEN1?type=RFID", "NL*HUB", EMSP, token_document()),
    ("PUT", "/ocpi/2.2.1/receiver/tokens/FR/MSP/TOKEN1?type=RFID", CPO, EMSP, token_document()),
    ("PUT", "/ocpi/2.2.1/receiver/sessions/NL/CPO/S1", None, CPO, session_document()),
    ("PUT", "/ocpi/2.2.1/receiver/sessions/NL/CPO/S1", EMSP, CPO, session_document()),
    ("PATCH", "/ocpi/2.2.1/receiver/sessions/NL/CPO/S1", EMSP, CPO, session_document()),
    ("POST", "/ocpi/2.2.1/receiver/cdrs", None, CPO, cdr_document()),
    ("POST", "/ocpi/2.2.1/receiver/cdrs", EMSP, CPO, cdr_document()),
)


def spoil(document: object, name: str) -> bytes:
    return SPOILED[name](as_json(document))
