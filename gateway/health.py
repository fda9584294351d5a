"""/healthz: this process answers. /readyz: it may be sent traffic: facts are confirmed and the database commits.

What is away and yet keeps nobody from being answered is a warning: Redis, the workers, beat. So is a full disk, which
refuses some calls and takes others; and only the calls that keep coming show that it has room again.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from gateway.hub import Hub
from journal.rows import Job
from ocpi.errors import OcpiError
from telemetry import alive

REMEMBERED = 2.0  # seconds that signs of life are good for: nobody floods Redis by asking whether we are well


async def respond_health(path: str, hub: Hub | None) -> tuple[int, bytes]:
    """(HTTP status, JSON). No secrets, no names: it is asked without login."""
    if path == "/healthz":
        return 200, msgspec.json.encode({"status": "ok"})
    if hub is None:
        told = {"status": "not ready", "problems": {"process": "starting"}}
        return 503, msgspec.json.encode(told)
    problems = await _find_problems(hub)
    parts, warnings = _judge_signs(await _signs.read(), now=time.time())
    warnings |= _judge_room(hub.writer.full_for)
    told = {
        "status": "not ready" if problems else "degraded" if warnings else "ready",
        "problems": problems,
        "warnings": warnings,
        "parts": {
            "facts": {"ok": "facts" not in problems, "age_seconds": round(hub.facts.age, 3)},
            "database": {"ok": "database" not in problems and "database" not in warnings},
            **parts,
        },
    }
    return (503 if problems else 200), msgspec.json.encode(told)


async def _find_problems(hub: Hub) -> dict[str, str]:
    """What keeps partners from being answered."""
    problems = {}
    try:
        hub.facts.get()
    except OcpiError as e:
        problems["facts"] = e.message
    try:
        await hub.writer.write(Job())
    except OcpiError as e:
        problems["database"] = e.message
    return problems


def _judge_room(seconds: float | None) -> dict[str, str]:
    """Remembered from the calls: one that asks for this writes nothing, and sees no full disk."""
    if seconds is None or seconds >= alive.LATE_SECONDS:
        return {}
    return {"database": f"had no room for a call {seconds:.0f} s ago: some calls are refused"}


class _Signs:
    """Read in a thread, by one at a time, and remembered for a moment."""

    def __init__(self) -> None:
        self._found: alive.Signs | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[alive.Signs] | None = None

    async def read(self) -> alive.Signs:
        if self._found is not None and time.monotonic() - self._read_at < REMEMBERED:
            return self._found
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(alive.read))
        self._found = await asyncio.shield(self._reading)
        self._read_at = time.monotonic()
        return self._found


_signs = _Signs()


def _judge_signs(signs: alive.Signs, *, now: float) -> tuple[dict[str, Any], dict[str, str]]:
    """What is known of each part, and what is wrong with it."""
    if signs.redis_seconds is None:
        return {"redis": {"ok": False}}, {"redis": "away: calls are relayed, nothing is told on or pulled"}
    parts: dict[str, Any] = {"redis": {"ok": True, "seconds": round(signs.redis_seconds, 4)}}
    warnings = {}
    for name, seen_at in (("worker", signs.worker_at), ("beat", signs.beat_at)):
        age = None if seen_at is None else max(0.0, round(now - seen_at, 1))
        is_well = age is not None and age < alive.LATE_SECONDS
        parts[name] = {"ok": is_well, "age_seconds": age}
        if not is_well:
            warnings[name] = "no sign of life" if age is None else f"no sign of life for {age:.0f} s"
    return parts, warnings
