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
Fine = Callable[[Any], bool]  # True: nothing to report, at or below this value
TestOf = Callable[[Any, dict[str, Any]], Test | None]  # of a type and its marks
FineOf = Callable[[Any, dict[str, Any]], Fine | None]

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
    kind: Any = obj.__class__
    return _found(_enums(kind), obj)


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


class _Check(typing.NamedTuple):
    """Nearly all objects are fine, which is quickly seen; paths are only made for those that are not."""

    is_fine: Fine
    walk: Walk


def _found(check: _Check | None, obj: object) -> list[Path]:
    found: list[Path] = []
    if check is not None and not check.is_fine(obj):
        check.walk(obj, "", found)
    return found


@cache
def _texts(hint: Any) -> _Check | None:
    return _make_check(hint, _text_test, _fine_text)


@cache
def _enums(hint: Any) -> _Check | None:
    return _make_check(hint, _enum_test, _fine_enum)


def _make_check(hint: Any, test_of: TestOf, fine_of: FineOf) -> _Check | None:
    fine, walk = _compile_fine(hint, fine_of), _compile(hint, test_of)
    return None if fine is None or walk is None else _Check(fine, walk)


def _fine_text(hint: Any, marks: dict[str, Any]) -> Fine | None:
    """May be too strict: the walk has the last word."""
    if hint is not str:
        return None
    return _is_fine_cistring if marks.get("ascii") else str.isprintable


def _fine_enum(hint: Any, marks: dict[str, Any]) -> Fine | None:
    values: frozenset[str] | None = marks.get("values")
    return None if values is None else values.__contains__


def _is_fine_cistring(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _text_test(hint: Any, marks: dict[str, Any]) -> Test | None:
    if hint is not str:
        return None
    return _is_bad_cistring if marks.get("ascii") else _is_bad_string


def _enum_test(hint: Any, marks: dict[str, Any]) -> Test | None:
    values: frozenset[str] | None = marks.get("values")
    return None if values is None else lambda value: value not in values


def _is_bad_cistring(value: str) -> bool:
    return not _is_fine_cistring(value)


def _is_bad_string(value: str) -> bool:
    # isprintable alone would refuse no-break spaces, which do no harm.
    return not value.isprintable() and _CONTROL.search(value) is not None


def _compile(hint: Any, test_of: TestOf) -> Walk | None:
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


def _compile_list(item: Any, test_of: TestOf) -> Walk | None:
    inner = _compile(item, test_of)
    if inner is None:
        return None

    def walk(values: Any, path: Path, found: list[Path]) -> None:
        for index, value in enumerate(values):
            inner(value, f"{path}[{index}]", found)

    return walk


def _compile_object(cls: Any, test_of: TestOf) -> Walk | None:
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


def _compile_fine(hint: Any, fine_of: FineOf) -> Fine | None:
    """The same walk without paths, which ends with the first value to report."""
    plain, marks = split(hint)
    if is_object(plain):
        return _compile_fine_object(plain, fine_of)
    if typing.get_origin(plain) is list:
        inner = _compile_fine(typing.get_args(plain)[0], fine_of)
        return None if inner is None else _compile_fine_list(inner)
    return fine_of(plain, marks)


def _compile_fine_list(inner: Fine) -> Fine:
    values: Any = getattr(inner, "__self__", None)
    if isinstance(values, frozenset):  # `values.__contains__` of each, in one call
        return values.issuperset
    return lambda values: all(map(inner, values))


def _compile_fine_object(cls: Any, fine_of: FineOf) -> Fine | None:
    fields: list[tuple[str, Fine]] = []
    for name, hint in hints(cls).items():
        fine = _compile_fine(hint, fine_of) if name in cls.__struct_fields__ else None
        if fine is not None:
            fields.append((name, fine))
    if not fields:
        return None

    return _write_fine(fields)


def _write_fine(fields: list[tuple[str, Fine]]) -> Fine:
    """As source, a test per field: asked of every object of every document, and a loop over them takes twice as long.

    Nothing of it comes from outside: the names are those of the wire types.
    """
    known: dict[str, Any] = {"UNSET": msgspec.UNSET}
    lines = ["def is_fine(obj):"]
    for number, (name, fine) in enumerate(fields):
        values = getattr(fine, "__self__", None)
        is_set = isinstance(values, frozenset) and fine == values.__contains__
        known[f"fine{number}"] = values if is_set else fine
        test = f"value not in fine{number}" if is_set else f"not fine{number}(value)"
        lines.append(f"    value = obj.{name}")
        lines.append(f"    if value is not None and value is not UNSET and {test}: return False")
    exec("\n".join([*lines, "    return True"]), known)
    return cast(Fine, known["is_fine"])
