"""Does a CDR have the form of the specification's tables? Finds everything, not only the first.

The tables are read off the wire types. Those refuse what would do harm; this also tells what a CPO should put right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from msgspec import inspect

from cdrs.control.bounds import Found
from cdrs.control.currencies import CURRENCIES
from cdrs.wire import v2_2_1
from tariffs.pricing.values import Unreadable, read_moment, read_number

_DECIMALS: Final = 4  # of a number of OCPI
_NORMAL_ID: Final = 36  # longer ids are for credits (CDR-08)


def check_schema(cdr: Mapping[str, Any], *, version: str) -> Iterator[Found]:
    """Only 2.2.1 has its tables here; of other versions pricing says what it could not read."""
    if version != "2.2.1":
        return
    yield from _check(cdr, _table(), "")
    id = cdr.get("id")
    if isinstance(id, str) and len(id) > _NORMAL_ID and cdr.get("credit") is not True:
        yield "field_length", "/id", "ids of normal CDRs are shorter", _NORMAL_ID, len(id)


@cache
def _table() -> inspect.Type:
    return inspect.type_info(v2_2_1.CDR)


def _check(value: Any, type: inspect.Type, path: str) -> Iterator[Found]:
    values = None
    while isinstance(type, inspect.Metadata | inspect.UnionType):
        if isinstance(type, inspect.Metadata):
            values = (type.extra or {}).get("values", values)
            type = type.type
        else:
            type = next(one for one in type.types if not isinstance(one, inspect.NoneType))
    if isinstance(type, inspect.StructType):
        yield from _check_object(value, type, path)
    elif isinstance(type, inspect.ListType):
        yield from _check_list(value, type, path)
    elif isinstance(type, inspect.StrType | inspect.EnumType):
        yield from _check_text(value, type, path, values)
    elif isinstance(type, inspect.DateTimeType):
        yield from _check_moment(value, path)
    elif isinstance(type, inspect.BoolType):
        if not isinstance(value, bool):
            yield _wrong_type(path, "boolean", value)
    else:
        yield from _check_number(value, path, is_whole=isinstance(type, inspect.IntType))


def _check_object(value: Any, type: inspect.StructType, path: str) -> Iterator[Found]:
    if not isinstance(value, Mapping):
        yield _wrong_type(path, "object", value)
        return
    fields = {field.encode_name: field for field in type.fields}
    for name in value:
        if name not in fields:
            yield "unknown_field", f"{path}/{name}", "the specification has no such field", None, None
    for name, field in fields.items():
        if name not in value or (value[name] is None and field.required):
            if field.required:
                yield "required_field_missing", f"{path}/{name}", f"{name} is missing", None, None
        elif value[name] is None:
            yield "needless_null", f"{path}/{name}", "leave it out", None, None
        else:
            yield from _check(value[name], field.type, f"{path}/{name}")


def _check_list(value: Any, type: inspect.ListType, path: str) -> Iterator[Found]:
    if not isinstance(value, list):
        yield _wrong_type(path, "list", value)
        return
    if len(value) < (type.min_length or 0):
        yield "required_field_missing", path, "at least one is needed", type.min_length, len(value)
    for index, one in enumerate(value):
        yield from _check(one, type.item_type, f"{path}/{index}")


def _check_text(
    value: Any, type: inspect.StrType | inspect.EnumType, path: str, values: frozenset[str] | None
) -> Iterator[Found]:
    if not isinstance(value, str):
        yield _wrong_type(path, "string", value)
        return
    name = path.rpartition("/")[2]
    if values is not None and value not in values:
        yield "unknown_enum_value", path, "not in the specification's list", None, value
    if isinstance(type, inspect.EnumType):
        return
    if type.max_length is not None and len(value) > type.max_length:
        yield "field_length", path, "too long", type.max_length, len(value)
    if name == "country_code":
        yield from _check_country(value, path)
    elif name == "currency":
        yield from _check_currency(value, path)
    elif type.pattern and not re.search(type.pattern, value):
        yield "field_format", path, "not of the form that the specification gives", type.pattern, value


def _check_country(value: str, path: str) -> Iterator[Found]:
    if not (len(value) == 2 and value.isascii() and value.isalpha()):
        yield "country_code_not_alpha2", path, "two letters are expected (ISO 3166-1)", None, value
    elif not value.isupper():
        yield "country_code_case", path, "capitals are expected", value.upper(), value


def _check_currency(value: str, path: str) -> Iterator[Found]:
    if value.upper() not in CURRENCIES:
        yield "currency_unknown", path, "no currency (ISO 4217)", None, value
    elif not value.isupper():
        yield "currency_case", path, "capitals are expected", value.upper(), value


def _check_moment(value: Any, path: str) -> Iterator[Found]:
    try:
        read_moment(value)
    except Unreadable as e:
        yield e.id, path, str(e), None, value
        return
    if re.search(r"[+-]\d\d:?\d\d$", value) and "T" in value:
        yield "datetime_not_utc", path, "UTC is expected", None, value
    elif not value.endswith(("Z", "z")):
        yield "datetime_without_zone", path, "read as UTC", None, value


def _check_number(value: Any, path: str, *, is_whole: bool) -> Iterator[Found]:
    try:
        number = read_number(value)
    except Unreadable as e:
        yield e.id, path, str(e), None, value
        return
    if isinstance(value, str):
        yield "field_type", path, "a number written as text", "number", "string"
    if is_whole and number != number.to_integral_value():
        yield "field_format", path, "a whole number is expected", None, value
    if -int(number.normalize().as_tuple().exponent) > _DECIMALS:
        yield "number_precision", path, "more decimals than a number of OCPI has", _DECIMALS, value


def _wrong_type(path: str, expected: str, value: Any) -> Found:
    return "field_format", path, f"expected {expected}", expected, value.__class__.__name__
