"""Twins of the wire types: the same, but for enums that the specification leaves open they take its own values alone.

What fits a twin has no unknown values to report (TRANS-44). So nearly all documents are looked at for them while they
are decoded, in C; afterwards, value by value, it takes as long as all the rest of the decoding.
"""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Annotated, Any, Literal, Union

import msgspec

from ocpi import fields


@cache
def get_twin(hint: Any) -> Any:
    """A subclass of a wire type; the type itself where it has no such enums."""
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return Union[tuple(get_twin(one) for one in typing.get_args(hint))]  # noqa: UP007 - of as many as there are
    if origin is Annotated:
        return _get_marked(hint)
    if origin is list:
        return list[get_twin(typing.get_args(hint)[0])]  # type: ignore[misc]
    return _make_twin(hint) if fields.is_object(hint) else hint


def _get_marked(hint: Any) -> Any:
    values = fields.split(hint)[1].get("values")
    if values is not None:
        return Literal[tuple(sorted(values))]
    inner = get_twin(hint.__origin__)
    return hint if inner is hint.__origin__ else Annotated[(inner, *hint.__metadata__)]


def _make_twin(cls: Any) -> Any:
    hints = fields.hints(cls)
    changed = [
        (field.name, get_twin(hints[field.name]), _copy_default(field))
        for field in msgspec.structs.fields(cls)
        if get_twin(hints[field.name]) != hints[field.name]
    ]
    if not changed:
        return cls
    return msgspec.defstruct(cls.__name__, changed, bases=(cls,), module=cls.__module__, frozen=True, kw_only=True)


def _copy_default(field: msgspec.structs.FieldInfo) -> Any:
    name: str = field.encode_name
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=field.default_factory)
    return msgspec.field(name=name) if field.required else msgspec.field(name=name, default=field.default)
