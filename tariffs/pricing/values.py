"""Numbers and moments out of OCPI JSON, exactly: no amount ever passes through binary arithmetic (TRANS-45)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal, DivisionByZero, FloatOperation, InvalidOperation, Overflow
from typing import Any, Final

from ocpi.times import parse_datetime

# Ours, whatever the caller's is: a price must not depend on who asks.
CONTEXT: Final = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation])
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HOUR: Final = Decimal(3600)
THOUSAND: Final = Decimal(1000)
HUNDRED: Final = Decimal(100)
LIMIT: Final = Decimal("1E+15")  # no amount is that large
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9900  # room for time zones and durations on both sides


class Unreadable(ValueError):
    """Not what the specification's table says; `id` is the finding that it makes."""

    def __init__(self, id: str, message: str) -> None:
        super().__init__(message)
        self.id = id


def read_number(value: Any) -> Decimal:
    """A number; a float by its shortest text, which is the JSON text it came from; a string by its digits.

    Raises:
        Unreadable: it is none, or of a size that no amount has.
    """
    kind = value.__class__
    if kind is Decimal:
        number: Decimal = value
    elif kind is int:
        number = Decimal(value)
    elif kind is float:
        number = Decimal(repr(value))
    elif kind is str:
        number = _of_text(value)
    else:
        raise Unreadable("field_format", f"expected a number, got {kind.__name__}")
    try:
        if -LIMIT < number < LIMIT:
            return number
    except InvalidOperation:
        pass  # not a number
    raise Unreadable("number_out_of_range", "no number of a usable size")


def read_moment(value: Any) -> datetime:
    """A moment in UTC; one without a zone is UTC (TRANS-39).

    Raises:
        Unreadable: it is none.
    """
    try:
        moment = datetime.fromisoformat(value)
    except TypeError as e:
        raise Unreadable("field_format", "expected a date and time") from e
    except (ValueError, OverflowError):
        moment = _patiently(value)
    if moment.tzinfo is not UTC:
        moment = _in_utc(moment, value)
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return moment
    raise Unreadable("field_format", "no session was or will be then")


def _in_utc(moment: datetime, value: str) -> datetime:
    try:
        if "T" in value and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    return _patiently(value)


def _patiently(value: str) -> datetime:
    try:
        return parse_datetime(value, sentinel=True)
    except (ValueError, OverflowError) as e:
        raise Unreadable("field_format", str(e)) from e


def _of_text(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as e:
        raise Unreadable("field_format", "expected a number, got other text") from e
