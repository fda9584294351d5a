"""The embedded stack: PostgreSQL, Valkey, web, worker and beat in one process tree. No domain code.

`python -m roaming_hub.stack up | exec | demo`; from Python, `Stack`.
"""

from __future__ import annotations

from roaming_hub.stack.stack import Stack
from roaming_hub.stack.supervisor import StackFailed

__all__ = ["Stack", "StackFailed"]
