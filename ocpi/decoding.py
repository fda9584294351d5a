"""Reading JSON as wire types: fast, exact, and every refusal names its field (TRANS-11). Use it through ocpi.wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec

from ocpi import fields
from ocpi.errors import InvalidParameter, NotJson
from ocpi.exact import Exact
from ocpi.fields import FieldError
from ocpi.times import parse_datetime
from ocpi.twins import get_twin

T = TypeVar("T")

# Two patterns, not one with [+-]: each starts with a plain byte, which the search engine finds ten times as fast.
_EAST = re.compile(rb'\+\d\d:?\d\d"')
_WEST = re.compile(rb'-\d\d:?\d\d"')
_MISSING = re.compile(r"^Object missing required field `([^`]*)`")
_PATH = re.compile(r" - at `\$\.?(.*)`$")


_last: tuple[bytes | None, Any, Any] = (None, None, None)  # document, type, object


class WireError(InvalidParameter):
    """One thing wrong with an object; `field` is its path, as in `evses[0].connectors[1].power_type`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.reason = message


def decode(raw: bytes, *, type: type[T]) -> T:
    """The object in `raw`, checked.

    Raises:
        NotJson: it is no JSON in UTF-8.
        WireError: it is not what the specification's table says; the first thing found.
    """
    kind: Any = type
    decoder: msgspec.json.Decoder[T] = _decoder(kind)
    try:
        try:
            obj = decoder.decode(raw)
        except msgspec.ValidationError:
            # Only now look for times that need reading with more patience: most objects have none.
            obj = decoder.decode(mend_times(raw, type=type))
        else:
            if _has_offsets(raw):
                obj = decoder.decode(mend_times(raw, type=type))
    except msgspec.ValidationError as e:
        raise error_of(e) from e
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NotJson(f"the body is not valid JSON: {e}") from e
    _refuse_unprintable(raw, obj, type)
    return obj


def decode_once(raw: bytes, *, type: type[T]) -> Any:
    """The same as a `T`, kept until the next one is asked for: several steps look at the document of one call."""
    global _last
    last_raw, last_type, obj = _last
    if last_raw is not raw or last_type is not type:
        obj = _decode_twin(raw, type)
        if obj is None:
            obj = decode(raw, type=type)
        _last = raw, type, obj
    return obj


def _decode_twin(raw: bytes, type: Any) -> Any | None:
    """None: it is not as plain as most are. It may have values nobody knows, odd times, or something wrong."""
    try:
        obj = _twin_decoder(type).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
        return None
    if _has_offsets(raw):
        return None
    _refuse_unprintable(raw, obj, type)
    return obj


def _has_offsets(raw: bytes) -> bool:
    return (b"+" in raw and _EAST.search(raw) is not None) or _WEST.search(raw) is not None


def mend_times(raw: bytes, *, type: Any) -> bytes:
    """`raw` with the moments in the type's DateTime fields in UTC with `Z` (AMB-11); for reading, never for storing."""
    pattern = _times(type)
    if pattern is None:
        return raw
    sentinel = bool(getattr(type, "TIMES_MAY_BE_UNKNOWN", False))

    def mend(match: re.Match[bytes]) -> bytes:
        text = match[2]
        if len(text) == 19 and text[-1:].isdigit():  # by far the commonest slip: only the Z is missing
            text += b"Z"
        if len(text) == 20 and not text.endswith(b":60Z"):
            return match[1] + text + b'"'
        try:
            moment = parse_datetime(text.decode(), sentinel=sentinel)
        except ValueError:  # the decoder names it, but for a moment that only an offset takes out of all calendars
            return match[0] if len(text) < 19 else match[1] + b'?"'
        return match[1] + moment.astimezone(UTC).replace(tzinfo=None).isoformat().encode() + b'Z"'

    return pattern.sub(mend, raw)


def read_value(hook_type: Any, value: Any) -> Decimal:
    """msgspec's hook for Number: exact, from a JSON number only, and of a size that arithmetic and columns can bear."""
    if hook_type is not Exact:
        raise NotImplementedError(hook_type)
    kind = value.__class__
    number = Decimal(value) if kind is int else value
    if number.__class__ is not Decimal:
        raise ValueError(f"Expected `number`, got `{kind.__name__}`")
    if not -30 <= number.adjusted() <= 12:  # numeric(20, 6) has 14 digits before the point; rounding may take one
        raise ValueError("number out of range")
    return number


def read_number(text: str) -> Decimal:
    """msgspec's hook for numbers with a point or an exponent. An exponent can be too large even for Decimal."""
    try:
        return Decimal(text)
    except ArithmeticError as e:
        raise ValueError("number out of range") from e


def error_of(error: msgspec.ValidationError, *, prefix: str = "") -> WireError:
    """msgspec's message as field and reason."""
    text = str(error)
    at = _PATH.search(text)
    path = at[1] if at else ""
    reason = text[: at.start()] if at else text
    missing = _MISSING.match(reason)
    if missing:
        path, reason = _join(path, missing[1]), "is required"
    elif isinstance(error.__cause__, FieldError):
        path = _join(path, error.__cause__.field)
    return WireError(_join(prefix, path), reason)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name and not name.startswith("[") else path + name


def _refuse_unprintable(raw: bytes, obj: object, type: Any) -> None:
    if raw.isascii() and b"\\" not in raw and b"\x7f" not in raw:
        return  # every string is printable ASCII anyway
    try:
        raw.decode()  # msgspec does not look into fields it skips
    except UnicodeDecodeError as e:
        raise NotJson("the body is not UTF-8") from e
    paths = fields.bad_texts(obj, type=type)
    if paths:
        raise WireError(paths[0], "has characters that are not allowed")


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type, dec_hook=read_value, float_hook=read_number)


@cache
def _twin_decoder(type: Any) -> msgspec.json.Decoder[Any]:
    """Without `read_number`, a call less for each number: whatever fails is read again."""
    return msgspec.json.Decoder(get_twin(type), dec_hook=read_value, float_hook=Decimal)


@cache
def _times(type: Any) -> re.Pattern[bytes] | None:
    names = sorted(_time_fields(type))
    return re.compile(rb'("(?:%s)"\s*:\s*")([^"\\]*)"' % "|".join(names).encode()) if names else None


def _time_fields(hint: Any) -> set[str]:
    plain, _ = fields.split(hint)
    if fields.is_object(plain):
        hints = fields.hints(plain)
        own = {name for name, inner in hints.items() if fields.split(inner)[0] is datetime}
        return own.union(*(_time_fields(inner) for inner in hints.values()))
    return set().union(*(_time_fields(inner) for inner in getattr(plain, "__args__", ())))
