"""Reading documents in which the same parts come again and again: such a part is read once for each text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from ocpi.raw import read_exactly

_LEAST: Final = 100  # characters; below that reading is as cheap as remembering
_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])


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
_tariffs: Final = lru_cache(maxsize=256)(_read_kept)
_places: Final = lru_cache(maxsize=1024)(_read_kept)
