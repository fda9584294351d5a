"""The Authorization header, `Token <base64>` (TRANS-03 to TRANS-05). Reading never says whether a token is valid."""

from __future__ import annotations

import base64
from functools import lru_cache


@lru_cache(maxsize=4096)
def write(token: str, *, raw: bool = False) -> str:
    """The header's value; `raw` for peers of the older habit (AMB-01)."""
    return f"Token {token}" if raw else "Token " + base64.b64encode(token.encode()).decode("ascii")


def read(value: str | None) -> tuple[str | None, str | None]:
    """(decoded token, token as written) of a header value; None where there is none.

    A trailing line break inside the encoded token is dropped (TRANS-05). The second form counts only for platforms
    that are known to send raw tokens (TRANS-04).
    """
    scheme, _, credential = (value or "").strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() != "token" or not credential:
        return None, None
    try:
        padded = credential + "=" * (-len(credential) % 4)
        decoded: str | None = base64.b64decode(padded, validate=True).decode("utf-8").rstrip("\r\n") or None
    except ValueError:  # not ASCII, not base64, not UTF-8
        decoded = None
    return decoded, credential
