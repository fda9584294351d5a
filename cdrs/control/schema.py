"""Does a CDR have the form of the specification's tables? Finds everything, not only the first.

The tables are read off the wire types. Those refuse what would do harm; this also tells what a CPO should put right.
Each type becomes a function that says what is wrong with a value, with paths below it: what is right costs no path.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from cdrs.control.bounds import Found
from cdrs.control.currencies import CURRENCIES
from cdrs.control.usual import are_usual, is_usual_number
from cdrs.wire import v2_2_1
from ocpi.kept import Kept, keep
from ocpi.shared.v2_2_1 import CdrDimension
from tariffs.pricing.values import Unreadable, read_moment, read_number
from tariffs.wire.v2_2_1 import Tariff

Check = Callable[[Any], "list[Found] | None"]  # None, or nothing in the list: all is well

_DECIMALS: Final = 4  # of a number of OCPI
_NORMAL_ID: Final = 36  # longer ids are for credits (CDR-08)
_KEPT: Final = 512  # texts
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_OFFSET: Final = re.compile(r"T.*[+-]\d\d:?\d\d$")


def check_schema(cdr: Mapping[str, Any], *, version: str) -> Iterator[Found]:
    """Only 2.2.1 has its tables here; of other versions pricing says what it could not read."""
    if version != "2.2.1":
        return
    yield from _table()(cdr) or ()
    id = cdr.get("id")
    if isinstance(id, str) and len(id) > _NORMAL_ID and cdr.get("credit") is not True:
        yield "field_length", "/id", "ids of normal CDRs are shorter", _NORMAL_ID, len(id)


@cache
def _table() -> Check:
    return _compile(inspect.type_info(v2_2_1.CDR), name="")


def _compile(type: inspect.Type, *, name: str, values: frozenset[str] | None = None) -> Check:
    """`name` is the field's: some are more than their type says."""
    if isinstance(type, inspect.Metadata):
        return _compile(type.type, name=name, values=(type.extra or {}).get("values", values))
    if isinstance(type, inspect.UnionType):
        known = next(one for one in type.types if not isinstance(one, inspect.NoneType))
        return _compile(known, name=name, values=values)
    if isinstance(type, inspect.StructType):
        check = _object(type)
        return _remembered(check) if type.cls is Tariff or type.cls is v2_2_1.CdrLocation else check
    if isinstance(type, inspect.ListType):
        check = _list(_compile(type.item_type, name=name), least=type.min_length or 0)
        return _periods(check) if name == "charging_periods" else check
    if isinstance(type, inspect.StrType | inspect.EnumType):
        return _text(type, name=name, values=values)
    if isinstance(type, inspect.DateTimeType):
        return _check_moment
    if isinstance(type, inspect.BoolType):
        return lambda value: None if isinstance(value, bool) else [_wrong_type("boolean", value)]
    return _check_whole if isinstance(type, inspect.IntType) else _check_number


def _object(type: inspect.StructType) -> Check:
    checks = {field.encode_name: _compile(field.type, name=field.encode_name) for field in type.fields}
    required = frozenset(field.encode_name for field in type.fields if field.required)

    def check(value: Any) -> list[Found] | None:
        if not isinstance(value, dict):
            return [_wrong_type("object", value)]
        found: list[Found] = []
        is_complete = len(value) == len(checks) or required <= value.keys()
        for name, inner in value.items():
            one = checks.get(name)
            if one is None:
                is_complete = False
                found.append(("unknown_field", f"/{name}", "the specification has no such field", None, None))
            elif inner is not None:
                wrong = one(inner)
                if wrong:
                    found += _below(name, wrong)
            elif name in required:
                is_complete = False
            else:
                found.append(("needless_null", f"/{name}", "leave it out", None, None))
        if not is_complete:
            missing = [name for name in checks if name in required and value.get(name) is None]
            found += [("required_field_missing", f"/{name}", f"{name} is missing", None, None) for name in missing]
        return found

    return check


def _remembered(check: Check) -> Check:
    """What comes in many CDRs is looked at once for each text."""

    def check_fresh(text: str | bytes) -> list[Found] | None:
        return check(_decoder.decode(text))

    check_text = keep(check_fresh, most=_KEPT)

    def check_one(value: Any) -> list[Found] | None:
        try:
            return check_text(value.text if value.__class__ is Kept else _encoder.encode(value))
        except (TypeError, ValueError, RecursionError):  # not out of JSON
            return check(value)

    return check_one


def _list(check_one: Check, *, least: int) -> Check:
    def check(value: Any) -> list[Found] | None:
        if not isinstance(value, list):
            return [_wrong_type("list", value)]
        if len(value) < least:
            return [("required_field_missing", "", "at least one is needed", least, len(value))]
        found: list[Found] = []
        for index, one in enumerate(value):
            wrong = check_one(one)
            if wrong:
                found += _below(str(index), wrong)
        return found

    return check


def _periods(check: Check) -> Check:
    """Most of a CDR are its periods, and nearly all are as they should be."""
    types = inspect.type_info(CdrDimension).fields[0].type.extra["values"]  # type: ignore[attr-defined]
    return lambda value: None if are_usual(value, types=types) else check(value)


def _below(name: str, found: list[Found]) -> Iterator[Found]:
    for id, path, message, expected, actual in found:
        yield id, f"/{name}{path}", message, expected, actual


def _text(type: inspect.StrType | inspect.EnumType, *, name: str, values: frozenset[str] | None) -> Check:
    """`values` are those of an open enumeration: another one is told, never refused."""
    limits = type if isinstance(type, inspect.StrType) else inspect.StrType()
    longest = limits.max_length or sys.maxsize
    more = {"country_code": _check_country, "currency": _check_currency}.get(name)
    pattern = limits.pattern if limits.pattern and more is None else None
    matches = re.compile(pattern).search if pattern else None

    def check(value: Any) -> list[Found] | None:
        if not isinstance(value, str):
            return [_wrong_type("string", value)]
        if values is not None:
            return None if value in values else [_unlisted(value), *_too_long(value, longest)]
        found = _too_long(value, longest) if len(value) > longest else None
        if more is not None:
            return [*(found or ()), *(more(value) or ())]
        if matches is not None and not matches(value):
            what = "not of the form that the specification gives"
            return [*(found or ()), ("field_format", "", what, pattern, value)]
        return found

    if values is not None:  # the usual answer first, by as few steps as can be
        return lambda value: None if value.__class__ is str and value in values else check(value)
    if more is None and matches is None:
        return lambda value: None if value.__class__ is str and len(value) <= longest else check(value)
    return check


def _too_long(value: str, longest: int) -> list[Found]:
    return [("field_length", "", "too long", longest, len(value))] if len(value) > longest else []


def _unlisted(value: str) -> Found:
    return "unknown_enum_value", "", "not in the specification's list", None, value


def _check_country(value: str) -> list[Found] | None:
    if not (len(value) == 2 and value.isascii() and value.isalpha()):
        return [("country_code_not_alpha2", "", "two letters are expected (ISO 3166-1)", None, value)]
    return None if value.isupper() else [("country_code_case", "", "capitals are expected", value.upper(), value)]


def _check_currency(value: str) -> list[Found] | None:
    if value in CURRENCIES:
        return None
    if value.upper() in CURRENCIES:
        return [("currency_case", "", "capitals are expected", value.upper(), value)]
    return [("currency_unknown", "", "no currency (ISO 4217)", None, value)]


def _check_moment(value: Any) -> list[Found] | None:
    try:
        read_moment(value)
    except Unreadable as e:
        return [(e.id, "", str(e), None, value)]
    if value.endswith(("Z", "z")):
        return None
    if _OFFSET.search(value):
        return [("datetime_not_utc", "", "UTC is expected", None, value)]
    return [("datetime_without_zone", "", "read as UTC", None, value)]


def _check_number(value: Any) -> list[Found] | None:
    if is_usual_number(value):
        return None  # nearly all of them
    try:
        number = read_number(value)
    except Unreadable as e:
        return [(e.id, "", str(e), None, value)]
    found: list[Found] = []
    if isinstance(value, str):
        found.append(("field_type", "", "a number written as text", "number", "string"))
    if number.as_tuple().exponent < -_DECIMALS and _count_decimals(number) > _DECIMALS:  # type: ignore[operator]
        found.append(("number_precision", "", "more decimals than a number of OCPI has", _DECIMALS, value))
    return found


def _check_whole(value: Any) -> list[Found] | None:
    found = _check_number(value)
    try:
        if (number := read_number(value)) != number.to_integral_value():
            found = [*(found or ()), ("field_format", "", "a whole number is expected", None, value)]
    except (Unreadable, InvalidOperation):
        pass  # said already
    return found


def _count_decimals(number: Decimal) -> int:
    """1.50000 has one."""
    return -int(number.normalize().as_tuple().exponent)


def _wrong_type(expected: str, value: Any) -> Found:
    return "field_format", "", f"expected {expected}", expected, value.__class__.__name__
