"""What a platform can say about itself in numbers, for scenarios and tests."""

from __future__ import annotations

from typing import Any

from simulator import jsontext
from simulator.platform import Platform
from simulator.state import State


def build_report(platform: Platform) -> dict[str, Any]:
    """Counts of what is owned, received, pulled and delivered, and whatever the peer did wrong."""
    state = platform.state
    counts = state.record.counts
    return {
        "name": state.config.name,
        "registered": state.connection.registered,
        "hub": state.connection.get_hub(),
        "away": platform.is_away,
        "own": _count_all(state.own),
        "received": _count_all(state.received),
        "pulled": state.pulled,
        "client_info": {key: info["status"] for key, info in state.client_info.items()},
        "messages": dict(counts),
        "sent": _sum(counts, "out", ("PUT", "PATCH", "POST", "DELETE")),
        "taken": _sum(counts, "in", ("PUT", "PATCH", "POST", "DELETE")),
        "cdrs": build_cdr_report(state),
        "undelivered": {name: to for name, (_, to) in state.undelivered.items()},
        "overtaken": sum(objects.overtaken for modules in state.received.values() for objects in modules.values()),
        "repeated_periods": sum(modules["sessions"].repeated_periods for modules in _with_sessions(state)),
        "remote_sessions": state.remote_sessions,
        "active_profiles": state.active_profiles,
        "breaches": state.record.breaches,
    }


def build_cdr_report(state: State) -> dict[str, Any]:
    """CDRs by owner, once each, and how many posts were repeats (CDR-05)."""
    by_owner: dict[str, int] = {}
    for modules in state.received.values():
        for key, _ in modules["cdrs"].items() if "cdrs" in modules else []:
            owner = key.split("/")[0]
            by_owner[owner] = by_owner.get(owner, 0) + 1
    return {
        "by_owner": by_owner,
        "posts": sum(state.cdr_posts.values()),
        "repeated": {key: count for key, count in state.cdr_posts.items() if count > 1},
    }


def list_objects(state: State, *, kind: str, party: str, module: str) -> dict[str, str]:
    """Key → digest of every object a party owns or received; equal digests mean equal content."""
    objects = (state.own_of if kind == "own" else state.received_by)(party, module)
    return {key: jsontext.compute_digest(document) for key, document in objects.items()}


def _count_all(holders: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    return {party: {name: len(objects) for name, objects in modules.items()} for party, modules in holders.items()}


def _with_sessions(state: State) -> list[dict[str, Any]]:
    return [modules for modules in state.received.values() if "sessions" in modules]


def _sum(counts: Any, direction: str, methods: tuple[str, ...]) -> int:
    """Successful pushes of functional modules."""
    total = 0
    for name, count in counts.items():
        parts = name.split(".")
        if parts[0] == direction and len(parts) == 4 and parts[2] in methods and parts[3] == "ok":
            total += count if parts[1] not in ("credentials", "versions", "hubclientinfo") else 0
    return total
