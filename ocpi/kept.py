"""Reading documents in which the same parts come again and again: such a part is read once for each text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from ocpi.raw import read_exactly

_LEAST: Final = 100  # characters; below that reading is as cheap as remembering
_LONG: Final = 50_000  # characters; a tariff with 96 elements, as for day-ahead prices, has half of that
_FEW: Final = 4  # of longer texts: one of 2 MiB takes about 30 MB once it is read
_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])


Answer = TypeVar("Answer")


def keep(read: Callable[..., Answer], *, most: int) -> Callable[..., Answer]:
    """`read` with its last answers remembered by text: so many, and a few of long texts, as strangers choose these."""
    short, long = lru_cache(maxsize=most)(read), lru_cache(maxsize=_FEW)(read)

    def read_kept(text: str | bytes, *more: Any) -> Answer:
        return (short if len(text) <= _LONG else long)(text, *more)

    return read_kept


class Kept(dict[str, Any]):
    """An object shared by all documents that hold its text. Never to be changed."""

    __slots__ = ("text",)

    def __init__(self, text: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.text: Final = text


class _Cdr(msgspec.Struct):
    tariffs: msgspec.Raw = msgspec.Raw(b"")
    cdr_location: msgspec.Raw = msgspec.Raw(b"")


_parts: Final = msgspec.json.Decoder(_Cdr)


def read_cdr(document: str) -> Any:
    """The whole of it, numbers exact; its tariffs and its place are shared with other CDRs.

    Raises:
        NotJson: as `read_exactly` does.
    """
    try:
        parts = _parts.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return read_exactly(document)
    kept: dict[str, Any] = {}
    for name, raw, read in (("tariffs", parts.tariffs, _tariffs), ("cdr_location", parts.cdr_location, _places)):
        text = str(bytes(raw), "utf-8")
        rest = _cut(document, f'"{name}"', text) if len(text) >= _LEAST else None
        if rest is not None:
            kept[name] = read(text)
            document = rest
    cdr = read_exactly(document)
    cdr.update(kept)
    return cdr


def _cut(document: str, name: str, text: str) -> str | None:
    """The document with a number in place of the field's text. None: the field is not easily found.

    A search for the text itself would cost more than reading it.
    """
    if document.count(name) != 1:
        return None
    start = document.find(text[0], document.find(name))
    return f"{document[:start]}0{document[start + len(text) :]}" if document.startswith(text, start) else None


def _read_kept(text: str) -> Any:
    value = read_exactly(text)
    if isinstance(value, dict):
        return Kept(text, value)
    if isinstance(value, list):
        texts = [str(bytes(raw), "utf-8") for raw in _raws.decode(text)]
        return [Kept(part, one) if isinstance(one, dict) else one for part, one in zip(texts, value, strict=True)]
    return value


# Apart, so that many places do not push out the tariffs: one with 96 elements takes about 300 kB.
_tariffs: Final = keep(_read_kept, most=256)
_places: Final = keep(_read_kept, most=1024)
