"""Just enough of PDF to see what is attached to a file: names may stand in compressed objects."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-")


def holds(content: bytes, name: str) -> bool:
    """Whether it names a file so."""
    wanted = (name.encode("ascii"), name.encode("utf-16-be"))
    return any(text in part for part in (content, *_inflate(content)) for text in wanted)


def _inflate(content: bytes) -> Iterator[bytes]:
    for stream in _STREAM.findall(content):
        try:
            yield zlib.decompressobj().decompress(stream)
        except zlib.error:  # an image, or not compressed
            continue
