"""What the hub says of itself at /metrics: means over the time between two looks."""

from __future__ import annotations

import re
import urllib.request

_LINE = re.compile(r"^(\w+?)_(sum|count)(?:\{.*\})? ([0-9.e+-]+)$", re.MULTILINE)

Figures = dict[tuple[str, str], float]


def look(port: int) -> Figures:
    """(histogram, "sum" or "count") → all its labels together."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    figures: Figures = {}
    for name, kind, value in _LINE.findall(text):
        figures[name, kind] = figures.get((name, kind), 0.0) + float(value)
    return figures


def get_mean(name: str, before: Figures, after: Figures) -> float:
    counted = after.get((name, "count"), 0.0) - before.get((name, "count"), 0.0)
    summed = after.get((name, "sum"), 0.0) - before.get((name, "sum"), 0.0)
    return summed / counted if counted else 0.0
