"""What a hub or an agreement says about CDR control, as JSON: read strictly, written one way, made into thresholds.

    {"severities": {"cdr_late": "hold"}, "bounds": {"late": 604800, "max_energy": "200"},
     "tolerances": {"total": "2"}, "refuse": true}

Durations are whole seconds. Other numbers are kept as text: nothing of it ever becomes a float.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cdrs.control.bounds import Bounds
from cdrs.control.control import Thresholds
from cdrs.control.rules import LINKS, RULES
from tariffs.pricing import Policy, Severity
from tariffs.pricing.values import Unreadable, read_number

NOTHING: Final = "{}"  # as text: all as it is by default
_TOLERANCES: Final = {"total": "total", "line": "line", "kwh": "kwh_tolerance", "hours": "hours_tolerance"}
_DURATIONS: Final = ("future", "late", "min_duration", "max_duration")
_SIZES: Final = ("min_energy", "max_energy", "max_cost", "power_slack")
_ALWAYS: Final = ("future", "power_slack")  # cannot be switched off by null
_LONGEST: Final = 100 * 366 * 86_400  # seconds


def read_terms(document: Any, *, may_refuse: bool = True) -> dict[str, Any]:
    """The same in the one way it is kept.

    Raises:
        ValueError: something in it makes no sense; the message names it.
    """
    readers: dict[str, Callable[[Any], Any]] = {
        "severities": lambda value: _read(value, "severities", {id: _read_severity for id in (*RULES, *LINKS)}),
        "bounds": lambda value: _read(
            value, "bounds", dict.fromkeys(_DURATIONS, _read_seconds) | dict.fromkeys(_SIZES, _read_size)
        ),
        "tolerances": lambda value: _read(value, "tolerances", dict.fromkeys(_TOLERANCES, _read_size)),
        **({"refuse": _read_refuse} if may_refuse else {}),
    }
    if not isinstance(document, Mapping):
        raise ValueError("it is not a JSON object")
    unknown = [str(name) for name in document if name not in readers]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: unknown; there are {', '.join(readers)}")
    terms = {name: readers[name](value) for name, value in document.items()}
    return {name: value for name, value in terms.items() if value}  # what is empty says nothing


def read_setting(text: str) -> str:
    """The hub's own terms, as `make_thresholds` takes them.

    Raises:
        ValueError: something in it makes no sense; the message names it.
    """
    try:
        document = json.loads(text or NOTHING, parse_float=Decimal)
    except json.JSONDecodeError as e:
        raise ValueError(f"it is not JSON: {e}") from e
    return as_text(read_terms(document, may_refuse=False))


def as_text(terms: Mapping[str, Any]) -> str:
    return json.dumps(terms, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=1024)
def make_thresholds(hub: str, agreed: str = NOTHING) -> Thresholds:
    """The hub's terms with the agreement's before them; both as `as_text` writes them."""
    layers = [json.loads(hub), json.loads(agreed)]
    bounds = {name: _bound(name, value) for one in layers for name, value in one.get("bounds", {}).items()}
    tolerances = {
        _TOLERANCES[name]: Decimal(value) for one in layers for name, value in one.get("tolerances", {}).items()
    }
    severities = {id: Severity(word) for one in layers for id, word in one.get("severities", {}).items()}
    name = digest(hub) if agreed == NOTHING else f"{digest(hub)}-{digest(agreed)}"
    return Thresholds(bounds=Bounds(**bounds), policy=Policy(name=name, severities=severities, **tolerances))


def digest(text: str) -> str:
    """Eight characters that stand for these terms; a policy's name begins with the hub's."""
    return sha256(text.encode()).hexdigest()[:8]


def _read(document: Any, path: str, readers: Mapping[str, Callable[[Any, str], Any]]) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError(f"{path}: is not a JSON object")
    for name in document:
        if name not in readers:
            known = f"; there are {', '.join(readers)}" if len(readers) < 20 else ": no rule has this id"
            raise ValueError(f"{path}.{name}: unknown{known}")
    return {name: readers[name](value, f"{path}.{name}") for name, value in document.items()}


def _read_severity(value: Any, path: str) -> str:
    words = [severity.value for severity in Severity]
    if value not in words:
        raise ValueError(f"{path}: {value!r} is none of {', '.join(words)}")
    return str(value)


def _read_seconds(value: Any, path: str) -> int | None:
    if value is None and not path.endswith(_ALWAYS):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LONGEST:
        raise ValueError(f"{path}: {value!r} is not a number of seconds")
    return value


def _read_size(value: Any, path: str) -> str | None:
    if value is None and path.startswith("bounds.") and not path.endswith(_ALWAYS):
        return None
    try:
        number = read_number(value)
    except Unreadable as e:
        raise ValueError(f"{path}: {value!r}: {e}") from e
    if number < 0:
        raise ValueError(f"{path}: {value} is below 0")
    return f"{number:f}"


def _read_refuse(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"refuse: {value!r} is neither true nor false")
    return value


def _bound(name: str, value: Any) -> Any:
    if value is None:
        return None
    return timedelta(seconds=value) if name in _DURATIONS else Decimal(value)
