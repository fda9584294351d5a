"""JSON with exact numbers: Decimals in, JSON numbers out, no float in between (TRANS-45). Nothing about OCPI here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def loads(text: str | bytes) -> Any:
    """Parse; fractions become Decimals that keep their digits as written."""
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any, *, sort_keys: bool = False) -> str:
    """Write; Decimals as plain JSON numbers. `json` alone can only write them as strings or floats."""
    if isinstance(value, dict):
        pairs = sorted(value.items()) if sort_keys else value.items()
        return "{" + ",".join(f"{json.dumps(key)}:{dumps(item, sort_keys=sort_keys)}" for key, item in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(item, sort_keys=sort_keys) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        raise TypeError("a float has no place in an OCPI message")
    return json.dumps(value)


def compute_digest(document: Any, *, leave_out: Callable[[str], bool] | None = None) -> str:
    """Equal for equal content, whatever the order of the fields; numbers count with their digits as written."""
    if leave_out is not None and isinstance(document, dict):
        document = {name: value for name, value in document.items() if not leave_out(name)}
    return hashlib.sha256(dumps(document, sort_keys=True).encode()).hexdigest()[:16]
