"""The response envelope (TRANS-14): written by the hub around raw JSON, read leniently from peers (TRANS-50)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ocpi.times import format_datetime


class Envelope(msgspec.Struct, kw_only=True):
    """What is read of a peer's answer; `data` stays as it came."""

    status_code: int
    status_message: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(Envelope)
_NULL = b"null"


def write(*, status_code: int, status_message: str | None, data: bytes | None, now: datetime) -> bytes:
    """The envelope as JSON; `data` is raw JSON and is left out where there is none (TRANS-16)."""
    return b"".join(write_parts(status_code=status_code, status_message=status_message, data=data, now=now))


def write_parts(
    *, status_code: int, status_message: str | None, data: bytes | None, now: datetime
) -> tuple[bytes, ...]:
    """The same in pieces, `data` as the piece it is: to copy a page costs as much as to read it."""
    message = b"" if status_message is None else b',"status_message":' + msgspec.json.encode(status_message)
    stamp = format_datetime(now).encode("ascii")
    rest = b'"status_code":%d' % status_code + message + b',"timestamp":"' + stamp + b'"}'
    return (b"{" + rest,) if data is None else (b'{"data":', data, b"," + rest)


def read(body: bytes) -> Envelope | None:
    """The envelope of a peer's answer, or None where there is none: HTML, a bare list, not JSON (ROUTE-14)."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def get_data(envelope: Envelope) -> bytes | None:
    """`data` as raw JSON; null and absent are the same (TRANS-15)."""
    raw = bytes(envelope.data)
    return None if raw == _NULL else raw
