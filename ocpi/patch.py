"""PATCH on raw JSON: what a patch does not name keeps its bytes, numbers their text (TRANS-45). Pure, without types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from ocpi.errors import InvalidParameter

Fields = dict[str, Raw]
Step = tuple[str, str, str]  # name of the array, key field of its elements, value of that field

_NULL = b"null"
_fields = msgspec.json.Decoder(Fields)
_elements = msgspec.json.Decoder(list[Raw])
_string = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Keyed:
    """An array whose elements are merged by the field `key`, and within them the arrays of `within` (AMB-08)."""

    key: str
    within: Mapping[str, Keyed] = field(default_factory=dict)


class PatchError(InvalidParameter):
    """The patch, or the document, has not the shape that merging needs; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class MissingChild(LookupError):
    """There is no such element on the way to the child; `step` says which (AMB-07, AMB-46)."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"no {step[0]} with {step[1]} {step[2]!r}")
        self.step = step


def merge(
    document: bytes,
    patch: bytes,
    *,
    append: frozenset[str] = frozenset(),
    merge_by: Mapping[str, Keyed] | None = None,
) -> bytes:
    """`document` with the fields of `patch`, as raw text. null says nothing (AMB-06).

    Arrays in `append` grow (SESS-05); those in `merge_by` are merged by key without case, never deleting (TRANS-32).

    Raises:
        PatchError: one of the two is no object, an array or its key is not where it is needed, or the patch names one
            element twice.
    """
    merged = _read(document, "document")
    _merge(merged, _read(patch, "patch"), append, merge_by or {}, "")
    return _encode(merged)


def get_field(document: bytes, name: str) -> bytes | None:
    """The raw value of a field; None where it is absent or null."""
    return _value(_read(document, "document"), name)


def set_fields(document: bytes, values: Mapping[str, bytes]) -> bytes:
    """`document` with these raw values, whatever was there."""
    fields = _read(document, "document")
    fields.update((name, Raw(value)) for name, value in values.items())
    return _encode(fields)


def get_child(document: bytes, path: Sequence[Step]) -> bytes | None:
    """The element at the end of `path`, as its bytes stand in the document."""
    for step in path:
        elements = _array(_read(document, step[0]), step[0], "")
        index = _find(elements, step[1], step[2])
        if index is None:
            return None
        document = bytes(elements[index])
    return document


def replace_child(document: bytes, path: Sequence[Step], child: bytes) -> bytes:
    """`child` put in place of the element at the end of `path`, or added behind the others.

    Raises:
        MissingChild: a parent on the way is not there (AMB-46).
    """
    return _change(document, path, lambda old: child, add=True)


def patch_child(
    document: bytes, path: Sequence[Step], patch: bytes, *, merge_by: Mapping[str, Keyed] | None = None
) -> bytes:
    """The element at the end of `path` merged with `patch`; its key stays as it was written.

    Raises:
        MissingChild: it, or a parent, is not there (AMB-07).
        PatchError: as `merge`.
    """
    key = path[-1][1]

    def change(old: bytes) -> bytes:
        fields = _read(old, path[-1][0])
        _merge(fields, _without(_read(patch, "patch"), key), frozenset(), merge_by or {}, "")
        return _encode(fields)

    return _change(document, path, change, add=False)


def _change(document: bytes, path: Sequence[Step], change: Callable[[bytes], bytes], *, add: bool) -> bytes:
    """`document` with the element at the end of `path` changed; the bytes of all others stay."""
    name, key, value = path[0]
    fields = _read(document, name)
    elements = _array(fields, name, "")
    index = _find(elements, key, value)
    last = len(path) == 1
    if index is None and not (last and add):
        raise MissingChild(path[0])
    old = b"{}" if index is None else bytes(elements[index])
    new = Raw(change(old) if last else _change(old, path[1:], change, add=add))
    if index is None:
        elements.append(new)
    else:
        elements[index] = new
    fields[name] = Raw(_encode(elements))
    return _encode(fields)


def _merge(fields: Fields, patch: Fields, append: frozenset[str], merge_by: Mapping[str, Keyed], path: str) -> None:
    for name, raw in patch.items():
        at = f"{path}.{name}" if path else name
        if bytes(raw) == _NULL:
            continue
        if name in append:
            added = _array(patch, name, at)
            if added:
                fields[name] = Raw(_encode(_array(fields, name, at) + added))
        elif name in merge_by:
            fields[name] = Raw(_merge_array(fields, patch, name, merge_by[name], at))
        else:
            fields[name] = raw


def _merge_array(fields: Fields, patch: Fields, name: str, keyed: Keyed, path: str) -> bytes:
    """Each element is read a few times at most: others wait while a long array is merged."""
    elements = _array(fields, name, path)
    places: dict[str, int] = {}
    for place, known in _ids(elements, keyed.key):
        places.setdefault(known, place)
    named = set[str]()
    for number, raw in enumerate(_array(patch, name, path)):
        at = f"{path}[{number}]"
        part = _read(raw, at)
        id = _get_id(part, keyed.key)
        if id is None:
            raise PatchError(f"{at}.{keyed.key}", "is required")
        if id in named:
            raise PatchError(f"{at}.{keyed.key}", "is named twice")
        named.add(id)
        index = places.get(id)
        if index is None:
            elements.append(raw)
            continue
        whole = _read(elements[index], at)
        _merge(whole, _without(part, keyed.key), frozenset(), keyed.within, at)
        elements[index] = Raw(_encode(whole))
    return _encode(elements)


def _find(elements: Sequence[Raw], key: str, value: str) -> int | None:
    """Index of the first element with this id."""
    wanted = value.lower()
    return next((index for index, id in _ids(elements, key) if id == wanted), None)


def _ids(elements: Sequence[Raw], key: str) -> Iterator[tuple[int, str]]:
    for index, raw in enumerate(elements):
        id = _get_id(_read(raw, key), key)
        if id is not None:
            yield index, id


def _get_id(fields: Fields, key: str) -> str | None:
    """In lower case: ids compare without case (TRANS-40)."""
    id = _text(_value(fields, key))
    return None if id is None else id.lower()


def _without(fields: Fields, key: str) -> Fields:
    """An id never changes (LOC-11), not even its case."""
    return {name: raw for name, raw in fields.items() if name != key}


def _value(fields: Fields, name: str) -> bytes | None:
    raw = fields.get(name)
    return None if raw is None or bytes(raw) == _NULL else bytes(raw)


def _text(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    try:
        return _string.decode(raw)
    except msgspec.ValidationError:
        return None


def _array(fields: Fields, name: str, path: str) -> list[Raw]:
    raw = _value(fields, name)
    if raw is None:
        return []
    try:
        return _elements.decode(raw)
    except msgspec.ValidationError as e:
        raise PatchError(path or name, "is not an array") from e


def _read(raw: bytes | Raw, path: str) -> Fields:
    try:
        return _fields.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise PatchError(path, f"is not a JSON object: {e}") from e
