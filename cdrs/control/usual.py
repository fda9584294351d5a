"""Charging periods as nearly all are, told by as few steps as can be. What is unusual is for `schema.py` to judge."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from tariffs.pricing.values import FIRST_YEAR, LAST_YEAR

_WIRE: Final = Decimal("0.0001")
_quantize: Final = Context(prec=19, traps=[InvalidOperation]).quantize  # more than fifteen digits before the point fail
_LONGEST_ID: Final = 36


def are_usual(periods: Any, *, types: Set[str]) -> bool:
    """True only where the specification's tables have nothing to say against any of them."""
    try:
        return periods.__class__ is list and bool(periods) and all(_is_usual(period, types) for period in periods)
    except (KeyError, TypeError, ValueError, OverflowError, ArithmeticError, AttributeError):
        return False


def is_usual_number(value: Any) -> bool:
    """Not more than fifteen digits before the point and four behind it."""
    try:
        return (value.__class__ is Decimal or value.__class__ is int) and bool(_quantize(value, _WIRE) == value)
    except ArithmeticError:
        return False


def _is_usual(period: Any, types: Set[str]) -> bool:
    start, dimensions = period["start_date_time"], period["dimensions"]
    fields = 2
    if "tariff_id" in period:
        id = period["tariff_id"]
        if id.__class__ is not str or len(id) > _LONGEST_ID:
            return False
        fields = 3
    if len(period) != fields or not start.endswith("Z") or dimensions.__class__ is not list or not dimensions:
        return False
    if not FIRST_YEAR <= datetime.fromisoformat(start).year <= LAST_YEAR:
        return False
    for dimension in dimensions:
        volume = dimension["volume"]
        if len(dimension) != 2 or dimension["type"] not in types:
            return False
        if volume.__class__ is not Decimal and volume.__class__ is not int:
            return False
        if _quantize(volume, _WIRE) != volume:  # also where it is not a number at all
            return False
    return True
