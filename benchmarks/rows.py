"""What is measured, what it has to reach, and whether it did."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.progress import say


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `measured` and `target` are ratios to a yardstick, unless `unit` says more."""

    name: str
    target: float
    measured: float
    at_most: bool = False  # the smaller the better
    unit: str = "×"
    next_target: float | None = None  # the next rung
    detail: Sequence[str] = field(default_factory=tuple)  # the figures behind the ratio

    @property
    def met(self) -> bool:
        return self.measured <= self.target if self.at_most else self.measured >= self.target


Work = Callable[[], float]


def take_turns(works: Mapping[str, Work], *, rounds: int) -> dict[str, float]:
    """Medians. The works take turns inside each round, so that a noisy moment hits all of them alike."""
    return {name: statistics.median(found) for name, found in take_all_turns(works, rounds=rounds).items()}


def take_all_turns(works: Mapping[str, Work], *, rounds: int) -> dict[str, list[float]]:
    """The figure of each round."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for number in range(1, rounds + 1):
        for name, work in works.items():
            figures[name].append(work())
        say(f"round {number}/{rounds}: " + ", ".join(f"{name} {found[-1]:,.4g}" for name, found in figures.items()))
    return figures
