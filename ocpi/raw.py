"""The top-level fields of a JSON body, raw: what is read of a message before, or without, judging the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from ocpi import times
from ocpi.errors import InvalidParameter, NotJson

_exact = msgspec.json.Decoder(float_hook=Decimal)  # not read_number: a call less for each number
_ANYTHING = msgspec.json.Decoder(dict[str, msgspec.Raw])


_last: tuple[bytes | None, Mapping[str, msgspec.Raw]] = (None, {})  # a body is asked about several times on its way


LONG = 1024 * 1024  # bytes; what is shorter is read in no time, whatever it is
SHORTEST_VALUE = 8  # bytes of a field with its name and its comma, on average, as few as there could be


class Stamp(msgspec.Struct):
    """What is read of a document that does not fit its type: enough to keep it under the right time."""

    last_updated: str | None = None


def is_crowded(body: bytes) -> bool:
    """Millions of values without names: to make something of each takes seconds, to count their commas none."""
    return len(body) > LONG and body.count(b",") * SHORTEST_VALUE > len(body)


def read_fields(body: bytes) -> Mapping[str, msgspec.Raw]:
    """The top-level fields, raw.

    Raises:
        NotJson: it is none, or not in UTF-8 (TRANS-09).
        InvalidParameter: it is no object.
    """
    global _last
    known = _last
    if known[0] is body:
        return known[1]
    read_utf8(body)
    try:
        fields = _ANYTHING.decode(body)
    except msgspec.ValidationError as e:
        raise InvalidParameter("the body is not a JSON object") from e
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NotJson(f"the body is not JSON: {e}") from e
    _last = (body, fields)
    return fields


def read_text(fields: Mapping[str, msgspec.Raw], name: str) -> str | None:
    raw = fields.get(name)
    if raw is None or bytes(raw) == b"null":
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError as e:
        raise InvalidParameter(f"{name}: is not a string") from e


def read_texts(body: bytes, names: tuple[str, ...]) -> tuple[str | None, ...]:
    """These top-level fields, which have to be strings; None where there is none. For every push, so in one pass.

    Raises:
        NotJson, InvalidParameter: as `read_fields` and `read_text` do.
    """
    read_utf8(body)
    try:
        found = _decoder_of_texts(names).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = read_fields(body)  # says what is wrong
        return tuple(read_text(fields, name) for name in names)
    return tuple(getattr(found, name) for name in names)


@cache
def _decoder_of_texts(names: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    return msgspec.json.Decoder(msgspec.defstruct("Texts", [(name, str | None, None) for name in names]))


def read_utf8(document: bytes) -> str:
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as e:
        raise NotJson("the body is not UTF-8") from e
    return text


def read_stamp(document: bytes) -> datetime | None:
    """`last_updated` of a document that is otherwise wrong, as far as it can be read."""
    try:
        text = msgspec.json.decode(document, type=Stamp).last_updated
        return None if text is None else times.parse_datetime(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def read_patch_stamp(body: bytes, *, strict: bool) -> datetime | None:
    """`last_updated` of a PATCH, which has to carry it (TRANS-30)."""
    stamp = read_stamp(body)
    if stamp is None and strict:
        raise InvalidParameter("last_updated: is missing or is not an RFC 3339 time; a PATCH has to carry it")
    return stamp


def read_exactly(document: bytes | str) -> Any:
    """The whole of it, numbers exact.

    Raises:
        NotJson: it is none, or has numbers that are no amounts.
    """
    try:
        return _exact.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NotJson(f"it is not JSON: {e}") from e
    except ArithmeticError as e:  # an exponent that is too large even for Decimal
        raise NotJson("it is not JSON: number out of range") from e


def is_same_content(one: str, other: str) -> bool:
    """Equal to the letter, or equal as JSON with exact numbers, as far as these can be read."""
    if one == other:
        return True
    try:
        return bool(_exact.decode(one) == _exact.decode(other))
    except (msgspec.DecodeError, ArithmeticError, RecursionError):  # beyond all bounds, in fields that nobody looks at
        return False
