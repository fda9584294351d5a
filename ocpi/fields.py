"""What the wire types say of their fields beyond what msgspec checks: marks, and walks along them. No decoding here."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

Path = str
Walk = Callable[[Any, Path, list[Path]], None]  # value, its path, paths found so far
Test = Callable[[Any], bool]  # True: report it

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


class FieldError(ValueError):
    """A rule between fields is broken; `field` is the one to name (TRANS-11)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class OcpiObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An object of the specification: fields in the order of its table; absent and null are the same (TRANS-42)."""


def cistring(length: int, *, min_length: int | None = None, pattern: str | None = None) -> Meta:
    """CiString(n): printable ASCII, compared without case."""
    return Meta(max_length=length, min_length=min_length, pattern=pattern, extra={"ascii": True})


def known(*values: str) -> Meta:
    """An enum that is kept open: unknown values are kept and reported, never refused (AMB-14)."""
    return Meta(
        min_length=1,
        max_length=255,
        extra={"ascii": True, "values": frozenset(values)},
        extra_json_schema={"x-extensible-enum": list(values)},
    )


def bad_texts(obj: object, *, type: Any) -> list[Path]:
    """Paths of strings that are not printable, of CiStrings that are not printable ASCII (TRANS-41)."""
    return _found(_texts(type), obj)


def unknown_values(obj: object) -> list[Path]:
    """Paths of enum values that are not in the specification's lists; they are kept (TRANS-44)."""
    return _found(_enums(cast(Any, obj.__class__)), obj)


def hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def without_none(hint: Any) -> Any:
    """`T` of `T | None`."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        rest = [one for one in typing.get_args(hint) if one is not types.NoneType and one is not msgspec.UnsetType]
        return rest[0] if len(rest) == 1 else hint
    return hint


def split(hint: Any) -> tuple[Any, dict[str, Any]]:
    """The type inside `Annotated[T | None, …]`, and what its marks say."""
    hint = without_none(hint)
    marks: dict[str, Any] = {}
    while typing.get_origin(hint) is Annotated:
        for meta in hint.__metadata__:
            if isinstance(meta, Meta):
                marks.update(meta.extra or {})
        hint = without_none(hint.__origin__)
    return hint, marks


def is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _found(walk: Walk | None, obj: object) -> list[Path]:
    found: list[Path] = []
    if walk is not None:
        walk(obj, "", found)
    return found


@cache
def _texts(hint: Any) -> Walk | None:
    return _compile(hint, _text_test)


@cache
def _enums(hint: Any) -> Walk | None:
    return _compile(hint, _enum_test)


def _text_test(hint: Any, marks: dict[str, Any]) -> Test | None:
    if hint is not str:
        return None
    return _is_bad_cistring if marks.get("ascii") else _is_bad_string


def _enum_test(hint: Any, marks: dict[str, Any]) -> Test | None:
    values: frozenset[str] | None = marks.get("values")
    return None if values is None else lambda value: value not in values


def _is_bad_cistring(value: str) -> bool:
    return not (value.isascii() and value.isprintable())


def _is_bad_string(value: str) -> bool:
    # isprintable alone would refuse no-break spaces, which do no harm.
    return not value.isprintable() and _CONTROL.search(value) is not None


def _compile(hint: Any, test_of: Callable[[Any, dict[str, Any]], Test | None]) -> Walk | None:
    """A walk that reports the paths below `hint` whose test says so; None where there is nothing to test."""
    plain, marks = split(hint)
    if is_object(plain):
        return _compile_object(plain, test_of)
    if typing.get_origin(plain) is list:
        return _compile_list(typing.get_args(plain)[0], test_of)
    test = test_of(plain, marks)
    return None if test is None else _leaf(test)


def _leaf(test: Test) -> Walk:
    def walk(value: Any, path: Path, found: list[Path]) -> None:
        if test(value):
            found.append(path)

    return walk


def _compile_list(item: Any, test_of: Callable[[Any, dict[str, Any]], Test | None]) -> Walk | None:
    inner = _compile(item, test_of)
    if inner is None:
        return None

    def walk(values: Any, path: Path, found: list[Path]) -> None:
        for index, value in enumerate(values):
            inner(value, f"{path}[{index}]", found)

    return walk


def _compile_object(cls: Any, test_of: Callable[[Any, dict[str, Any]], Test | None]) -> Walk | None:
    compiled = ((name, _compile(hint, test_of)) for name, hint in hints(cls).items() if name in cls.__struct_fields__)
    fields = [(name, walk) for name, walk in compiled if walk is not None]
    if not fields:
        return None

    def walk_object(obj: Any, path: Path, found: list[Path]) -> None:
        prefix = f"{path}." if path else ""
        for name, walk in fields:
            value = getattr(obj, name)
            if value is not None and value is not msgspec.UNSET:
                walk(value, prefix + name, found)

    return walk_object
