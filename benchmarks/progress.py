"""Says on stderr what is being done; the table goes to stdout."""

from __future__ import annotations

import sys
import time

_begun = time.monotonic()


def say(message: str) -> None:
    print(f"[bench {time.monotonic() - _begun:5.0f} s] {message}", file=sys.stderr, flush=True)
