"""Types for PATCH bodies: the object's own fields with their limits, none required but `last_updated` (TRANS-30)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from ocpi import fields
from ocpi.fields import OcpiObject
from ocpi.patch import Keyed


def patch_type(cls: type, *, merge_by: Mapping[str, Keyed] | None = None) -> type[Any]:
    """`cls` as a PATCH has it: what is not in the body is UNSET; null says nothing either (AMB-06).

    Arrays in `merge_by` hold parts of objects too; of those only the key is required.
    """
    return _part(cls, merge_by or {}, required="last_updated", name=f"{cls.__name__}Patch")


def _part(cls: type, merge_by: Mapping[str, Keyed], *, required: str, name: str) -> type[Any]:
    members: list[Any] = []
    for field, hint in fields.hints(cls).items():
        if field == required:
            members.append((field, hint))
        elif field in merge_by:
            members.append((field, list[_element(hint, merge_by[field])] | None | UnsetType, UNSET))  # type: ignore[misc]
        else:
            members.append((field, hint | None | UnsetType, UNSET))
    return msgspec.defstruct(name, members, bases=(OcpiObject,), frozen=True, kw_only=True, module=cls.__module__)


def _element(hint: Any, keyed: Keyed) -> type[Any]:
    (item,) = get_args(fields.split(hint)[0])
    return _part(item, keyed.within, required=keyed.key, name=f"{item.__name__}Part")
