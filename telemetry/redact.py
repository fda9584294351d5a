"""What no log line may show: tokens, passwords, what names a person's token. Works on text, last of all steps."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "•••"
MOST_READ = 16 * 1024  # characters of a partner's message that are looked through; a thirtieth of them is kept
LONGEST_ID = 64  # of those the specification knows

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Authorization: Token …, Bearer …, wherever such a header is repeated
    (re.compile(r"(?i)\b(token|bearer|basic)(\s+|%20)([A-Za-z0-9+/_\-.~]{12,}={0,2})"), rf"\1\2{MASK}"),
    # "token": "…" of credentials, "uid": "…" of tokens and CDRs, passwords, in JSON and in Python's own spelling
    (
        re.compile(
            r"(?i)(['\"](?:token|token_[a-z]+|uid|contract_id|visual_number|auth_id|password|secret|authorization"
            r"|issuer_token|driver_id)['\"]\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
        ),
        rf'\1"{MASK}"',
    ),
    # ?token=…&key=…
    (re.compile(r"(?i)\b(token|key|secret|password|api[_-]?key)=([^\s&\"']{6,})"), rf"\1={MASK}"),
    # a path that ends in a token's uid; the one of real-time authorization
    (re.compile(r"(?i)(\btokens/[a-z]{2}/[a-z0-9]{1,3}/)[^\s/?\"']+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(\btokens/)(?![a-z]{2}/[a-z0-9]{1,3}/)[^\s/?\"']+(?=/authorize)"), rf"\1{MASK}"),
    # the password in an address
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{MASK}@"),
    # PostgreSQL repeats rows and statements
    (re.compile(r"(?m)^(DETAIL|LINE \d+|CONTEXT|STATEMENT):.*$"), rf"\1: {MASK}"),
)


def redact(text: str, *, hidden: Iterable[str] = ()) -> str:
    for secret in hidden:
        for spelling in _spell(secret):
            if spelling.lower() in text.lower():
                text = re.sub(re.escape(spelling), MASK, text, flags=re.IGNORECASE)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def hide_id(text: str, personal: str, *, shown: str = MASK) -> str:
    """Partners repeat ids in their messages; a personal one ("": there is none) stands there as it is `shown`.

    Message and id may have as many megabytes as an answer and a body, and a web process does nothing else meanwhile:
    what comes too late to be kept is cut off, and from where an endless id begins nothing is kept.
    """
    text, begin = text[:MOST_READ], personal[:LONGEST_ID]
    rest = "(?s:.*)" if len(personal) > LONGEST_ID else ""
    for spelling in (quote(begin, safe=""), begin) if begin else ():
        text = re.sub(re.escape(spelling) + rest, lambda _: shown, text, flags=re.IGNORECASE)
    return text


def _spell(secret: str) -> list[str]:
    """A token as it came in its header, without the word before it, and out of its Base64 (TRANS-03)."""
    bare = secret.split(None, 1)[1] if len(secret.split(None, 1)) == 2 else secret
    spellings = [secret, bare]
    try:
        spellings.append(base64.b64decode(bare, validate=True).decode())
    except (binascii.Error, ValueError):
        spellings.append(base64.b64encode(bare.encode(errors="replace")).decode())
    return [spelling for spelling in spellings if len(spelling) > 3]
