"""What a scrape gets: the figures of all processes of this machine, and those that `collectors` read this moment."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from telemetry import folder, tally
from telemetry.metrics import REGISTRY

__all__ = ["CONTENT_TYPE_LATEST", "render"]


def render(collectors: Iterable[Collector] = ()) -> bytes:
    return _render_counted() + b"".join(_render_one(collector) for collector in collectors)


def _render_counted() -> bytes:
    tally.tell()
    path = folder.get_folder()
    if path is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(path))
    with folder.locked(path):
        folder.bury(path)
        return generate_latest(registry)


def _render_one(collector: Collector) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
