"""What the scenario demands and what was seen: every figure is checked, a wrong one is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    demanded: Any
    seen: Any

    @property
    def is_right(self) -> bool:
        return bool(self.demanded == self.seen)

    def __str__(self) -> str:
        return f"{self.name}: {_shorten(self.seen)} seen, {_shorten(self.demanded)} demanded"


@dataclass(slots=True)
class Figures:
    all: list[Figure] = field(default_factory=list)

    def check(self, name: str, *, demanded: Any, seen: Any) -> Figure:
        figure = Figure(name, demanded, seen)
        self.all.append(figure)
        return figure

    @property
    def wrong(self) -> list[Figure]:
        return [figure for figure in self.all if not figure.is_right]


@dataclass(slots=True, kw_only=True)
class Row:
    """One partner in the final table. None: the column says nothing about this kind of partner."""

    party: str
    role: str
    sent: int = 0
    received: int = 0
    visible: int = 0
    delivered: int = 0
    reconciled: int | None = None
    findings: int | None = None


_TITLES = ("partner", "role", "sent", "received", "visible", "delivered", "CDRs reconciled", "findings")


def write_table(rows: Sequence[Row]) -> str:
    return draw([_TITLES, *(_write_row(row) for row in rows)], left=2)


def draw(cells: Sequence[Sequence[str]], *, left: int) -> str:
    """Plain text with titles underlined; columns as wide as they must be, the first ones to the left."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    titles, *lines = (
        "  ".join(
            text.ljust(width) if column < left else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
    return "\n".join([titles, "  ".join("-" * width for width in widths), *lines])


def _write_row(row: Row) -> tuple[str, ...]:
    numbers = (row.sent, row.received, row.visible, row.delivered, row.reconciled, row.findings)
    return (row.party, row.role, *("-" if number is None else str(number) for number in numbers))


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:300] + "…"
