"""The slow second look at an object that was refused: all that is wrong with it, for people. Not for the hot path."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from ocpi import fields
from ocpi.decoding import WireError, error_of, mend_times, read_number, read_value
from ocpi.errors import NotJson
from ocpi.fields import FieldError


def problems(raw: bytes, *, type: Any) -> list[WireError]:
    """All that `decode` would refuse, in the order of the tables; empty where it would not.

    A rule between fields is looked at only where the fields themselves, and what is below them, are right.

    Raises:
        NotJson: it is no JSON in UTF-8.
    """
    try:
        raw.decode()
        document = msgspec.json.Decoder(float_hook=read_number).decode(mend_times(raw, type=type))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NotJson(f"the body is not valid JSON: {e}") from e
    return list(_below(document, type, ""))


def _below(value: Any, hint: Any, path: str) -> Iterator[WireError]:
    plain, _ = fields.split(hint)
    if value is None and fields.without_none(hint) is not hint:
        return
    if fields.is_object(plain) and isinstance(value, dict):
        yield from _object(value, plain, path)
    elif typing.get_origin(plain) is list and isinstance(value, list):
        yield from _list(value, hint, path)
    else:
        yield from _leaf(value, hint, path)


def _object(value: dict[str, Any], cls: Any, path: str) -> Iterator[WireError]:
    found: list[WireError] = []
    hints = fields.hints(cls)
    for field in msgspec.structs.fields(cls):
        at = f"{path}.{field.name}" if path else field.name
        if field.name in value:
            found += _below(value[field.name], hints[field.name], at)
        elif field.required:
            found.append(WireError(at, "is required"))
    yield from found or _leaf(value, cls, path)


def _list(value: list[Any], hint: Any, path: str) -> Iterator[WireError]:
    plain, _ = fields.split(hint)
    (item,) = typing.get_args(plain)
    found = [error for index, one in enumerate(value) for error in _below(one, item, f"{path}[{index}]")]
    yield from found
    if not found and typing.get_origin(fields.without_none(hint)) is Annotated:
        yield from _leaf(value, hint, path)  # its length


def _leaf(value: Any, hint: Any, path: str) -> Iterator[WireError]:
    try:
        obj = msgspec.convert(value, hint, dec_hook=read_value)
    except FieldError as e:
        yield WireError(f"{path}.{e.field}" if path else e.field, str(e))
    except msgspec.ValidationError as e:
        yield error_of(e, prefix=path)
    else:
        if not fields.is_object(hint) and fields.bad_texts(obj, type=hint):
            yield WireError(path, "has characters that are not allowed")
