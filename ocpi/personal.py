"""Whom a document names: ids of tokens and of contracts, which no log may show in clear. Reads nothing else of it."""

from __future__ import annotations

import msgspec

SHORTEST = 4  # what is shorter names nobody, and is a part of many a word


class _Token(msgspec.Struct):
    uid: str = ""
    contract_id: str = ""
    visual_number: str | None = None


class _Named(_Token):
    """A token, or what is about one: a command, a session, a CDR."""

    token: _Token | None = None
    cdr_token: _Token | None = None


_decoder = msgspec.json.Decoder(_Named)


def find_personal_ids(document: bytes) -> tuple[str, ...]:
    """The longer first: one may be a part of another. None of a document that cannot be read."""
    try:
        named = _decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    tokens = [token for token in (named, named.token, named.cdr_token) if token is not None]
    found = {text for one in tokens for text in (one.uid, one.contract_id, one.visual_number) if text}
    return tuple(sorted((text for text in found if len(text) >= SHORTEST), key=lambda text: (-len(text), text)))
