"""What one platform may cost the others: breaker, calls at the same time, calls per second. Decided in memory.

Redis carries what the processes tell each other, on a thread of its own; without it every process goes on by what it
knows (decision 5). For people and metrics: `parties.limits.listing`.
"""

from __future__ import annotations

from parties.limits.breaker import Breakers, Broken, State
from parties.limits.limits import Limits, NotNow, Ticket, get_limits, stop_limits

__all__ = [
    "Breakers",
    "Broken",
    "Limits",
    "NotNow",
    "State",
    "Ticket",
    "get_limits",
    "stop_limits",
]
