"""Compressed answers, unpacked up to a limit: a small one may hold a very large one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from parties.client.connection import ConnectionBroke, TooMuch

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_MAX_LAYERS = 2
_MAX_MEMBERS = 16  # each copies what is behind it, and may be as small as 20 bytes


def unpack(body: bytes, encodings: Sequence[str], *, limit: int) -> bytes:
    """
    Raises:
        TooMuch: it grows beyond `limit` bytes.
        ConnectionBroke: it is damaged, cut off, or packed too often or in a way that was not asked for.
    """
    names = [name.strip().lower() for line in encodings for name in line.split(",")]
    layers = [name for name in names if name not in ("", "identity")]
    if len(layers) > _MAX_LAYERS:
        raise ConnectionBroke(f"the answer is packed too often: {len(layers)} times over")
    for name in reversed(layers):
        if not body:
            return body
        if name not in _WINDOW:
            raise ConnectionBroke(f"the answer is packed as {name[:20]!r}, which was not asked for")
        body = _inflate(body, window=_WINDOW[name], limit=limit)
    return body


def _inflate(packed: bytes, *, window: int, limit: int) -> bytes:
    if window == 15 and packed[0] & 0x0F != 8:
        window = -15  # "deflate" without the zlib header: common, though wrong
    parts: list[bytes] = []
    size = 0
    while packed:
        if len(parts) == _MAX_MEMBERS:
            raise ConnectionBroke(f"the answer is packed too often: in more than {_MAX_MEMBERS} pieces")
        machine = zlib.decompressobj(window)
        try:
            parts.append(machine.decompress(packed, limit - size + 1))
        except zlib.error as error:
            raise ConnectionBroke(f"the answer cannot be unpacked: {error}") from error
        size += len(parts[-1])
        if size > limit:
            raise TooMuch(f"the answer is over {limit} bytes when unpacked")
        if not machine.eof:
            raise ConnectionBroke("the packed answer is cut off")
        packed = machine.unused_data.lstrip(b"\0")  # members may follow each other, and be padded
    return b"".join(parts)
