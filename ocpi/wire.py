"""JSON to wire types and back: the one door for all modules. Documents are stored as they came, never from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ocpi.decoding import WireError as WireError
from ocpi.decoding import decode as decode
from ocpi.decoding import decode_once as decode_once
from ocpi.exact import Exact
from ocpi.fields import unknown_values as unknown_values
from ocpi.problems import problems as problems
from ocpi.times import format_datetime

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(obj: object) -> bytes:
    """JSON of an object the hub itself makes: exact numbers, `Z` times, nothing for what is not set."""
    return _encoder.encode(_plain(msgspec.to_builtins(obj, builtin_types=(datetime, Decimal))))


def json_schemas(
    types: Sequence[Any], *, ref_template: str = "#/components/schemas/{name}"
) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """Schemas of the types, and of the objects they refer to by name; numbers are numbers."""
    schemas, components = msgspec.json.schema_components(types, schema_hook=_schema_of, ref_template=ref_template)
    return schemas, components


def _schema_of(hint: Any) -> dict[str, Any]:
    if hint is Exact:
        return {"type": "number"}
    raise NotImplementedError(hint)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
