"""Calls over time as stacked bars: from counts to rectangles of an SVG. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from management.outcome import Outcome

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 24
STACK = (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.FAILED, Outcome.UNREACHED)  # from the ground up


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    outcome: str
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A label on an axis, or a line across."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    segments: tuple[Segment, ...]
    times: tuple[Mark, ...]
    levels: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def draw(slots: Sequence[datetime], counts: Mapping[tuple[datetime, str], int]) -> Chart:
    """One bar per slot, in the order of STACK."""
    totals = [sum(counts.get((slot, outcome), 0) for outcome in STACK) for slot in slots]
    top = get_nice_top(max(totals, default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(slots), 1)
    scale = (HEIGHT - TOP - BOTTOM) / top
    ground = HEIGHT - BOTTOM
    segments: list[Segment] = []
    for place, slot in enumerate(slots):
        y = float(ground)
        for outcome in STACK:
            count = counts.get((slot, outcome), 0)
            if count:
                height = max(count * scale, 1.5)  # one refusal among thousands is still to be seen
                y -= height
                title = f"{slot:%H:%M} UTC: {count} {outcome}"
                segments.append(
                    Segment(
                        outcome=outcome,
                        x=round(LEFT + place * step + step * 0.12, 1),
                        y=round(y, 1),
                        width=round(step * 0.76, 1),
                        height=round(height, 1),
                        title=title,
                    )
                )
    times = tuple(
        Mark(text=f"{slot:%H:%M}", x=round(LEFT + place * step + step / 2, 1), y=HEIGHT - 7)
        for place, slot in enumerate(slots)
        if place % 3 == 0
    )
    levels = tuple(
        Mark(text=f"{round(top * part):,}".replace(",", " "), x=LEFT - 6, y=round(ground - top * part * scale, 1))
        for part in (0, 0.5, 1)
    )
    return Chart(segments=tuple(segments), times=times, levels=levels)


def get_nice_top(count: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 … so that its half is a round number too."""
    power = 1
    while True:
        for step in (2, 4, 10):
            if count <= step * power:
                return step * power
        power *= 10
