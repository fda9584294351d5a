"""What is measured, what it has to reach, and whether it did."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `measured` and `target` are ratios to a yardstick, unless `unit` says more."""

    name: str
    target: float
    measured: float
    at_most: bool = False  # the smaller the better
    unit: str = "×"
    detail: Sequence[str] = field(default_factory=tuple)  # the figures behind the ratio

    @property
    def met(self) -> bool:
        return self.measured <= self.target if self.at_most else self.measured >= self.target


Work = Callable[[], float]


def take_turns(works: dict[str, Work], *, rounds: int) -> dict[str, float]:
    """Medians. The works take turns inside each round, so that a noisy moment hits all of them alike."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            figures[name].append(work())
    return {name: statistics.median(found) for name, found in figures.items()}
