"""/healthz: this process answers. /readyz: it may be sent traffic: facts are confirmed and the database takes rows."""

from __future__ import annotations

import msgspec

from gateway.hub import Hub
from journal.rows import Job
from ocpi.errors import OcpiError


async def respond_health(path: str, hub: Hub | None) -> tuple[int, bytes]:
    """(HTTP status, JSON). No secrets, no names: it is asked without login."""
    if path == "/healthz":
        return 200, msgspec.json.encode({"status": "ok"})
    problems = {} if hub is None else await _check(hub)
    if hub is None:
        problems["process"] = "starting"
    status = "ready" if not problems else "not ready"
    return (503 if problems else 200), msgspec.json.encode({"status": status, "problems": problems})


async def _check(hub: Hub) -> dict[str, str]:
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
