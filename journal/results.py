"""How the call log names a result that came to one of the hub's own response_urls, without naming the URL itself."""

from __future__ import annotations

import hashlib


def get_result_name(token: str) -> str:
    """The same for every result of one call. The token cannot be found from it: whoever has that may use the URL."""
    return f"result-{hashlib.sha256(token.encode()).hexdigest()[:16]}"
