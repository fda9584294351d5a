"""Keeps the rows in docs/benchmarks.json and writes docs/benchmarks.md from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.groups import GROUPS
from benchmarks.machine import Machine
from benchmarks.rows import Row
from roaming_hub.stack.programs import PROJECT

JSON = PROJECT / "docs" / "benchmarks.json"
PAGE = PROJECT / "docs" / "benchmarks.md"
PARTS = PROJECT / "benchmarks" / "text"  # what people wrote about the figures, and the profiles

TEXTS = ("profile", "profile_delivery")  # the groups that write a text instead of rows

Line = dict[str, Any]


def keep(group: str, rows: Sequence[Row], *, machine: Machine, now: datetime, load: float, rounds: int) -> None:
    """In place of what the group said before; all other groups stay."""
    told = [
        {
            "name": row.name,
            "target": row.target,
            "measured": float(f"{row.measured:.4g}"),
            "met": row.met,
            "unit": row.unit,
            "at_most": row.at_most,
            "next_target": row.next_target,
            "detail": list(row.detail),
            "group": group,
            "measured_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "load_before": round(load, 2),
            "machine": machine.name,
            "pace": round(machine.pace, 2),
            "rounds": rounds,
        }
        for row in rows
    ]
    lines = [line for line in read() if line["group"] != group] + told
    order = list(GROUPS)
    lines.sort(key=lambda line: order.index(line["group"]) if line["group"] in order else len(order))
    JSON.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n")


def read() -> list[Line]:
    return json.loads(JSON.read_text()) if JSON.exists() else []


def write_page(*, versions: Sequence[str], now: datetime) -> None:
    lines = read()
    machines = _letter_machines(lines)
    missed = [line for line in lines if not line["met"]]
    parts = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {now.astimezone(UTC):%Y-%m-%d}, beside [benchmarks.json](benchmarks.json):",
        f"{len(lines)} rows, {len(lines) - len(missed)} met, {len(missed)} missed.",
        "",
        *(f"- {line}" for line in (*_write_machines(lines, machines), *versions)),
        "",
        _read_part("how.md"),
        "## The rows",
        "",
        f"| | what | target (next rung) | measured | figures behind it | {_name_last_column(machines)} |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_write_line(line, machine=machines[line["machine"]]) for line in lines),
        "",
        *_write_missed(missed),
        *_write_unmeasured(lines),
        _read_part("limits.md"),
        *(_read_part(f"{name}.md") for name in TEXTS),
        _read_part("learned.md"),
    ]
    PAGE.write_text("\n".join(parts).rstrip() + "\n")


def write_figure(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{shown} {unit}"


def _letter_machines(lines: Sequence[Line]) -> dict[str, str]:
    """By name, that of the newest rows first; no letter where there is only one."""
    newest = sorted(lines, key=lambda line: str(line["measured_at"]), reverse=True)
    names = list(dict.fromkeys(line["machine"] for line in newest))
    return {name: chr(ord("A") + number) if len(names) > 1 else "" for number, name in enumerate(names)}


def _write_machines(lines: Sequence[Line], machines: dict[str, str]) -> list[str]:
    written = []
    for name, letter in machines.items():
        paces = sorted({line["pace"] for line in lines if line["machine"] == name})
        spread = " to ".join(f"{pace:.2f}" for pace in dict.fromkeys((paces[0], paces[-1])))
        mark = f"machine {letter}: " if letter else ""
        written.append(f"{mark}{name}, which fills a dictionary a million times in {spread} s")
    return written


def _name_last_column(machines: dict[str, str]) -> str:
    return "when, load before, machine" if len(machines) > 1 else "when, load before"


def _write_line(line: Line, *, machine: str) -> str:
    sign = "≤" if line["at_most"] else "≥"
    following = f" ({write_figure(line['next_target'], line['unit'])})" if line["next_target"] is not None else ""
    cells = (
        "met" if line["met"] else "**MISSED**",
        line["name"],
        f"{sign} {write_figure(line['target'], line['unit'])}{following}",
        write_figure(line["measured"], line["unit"]),
        "; ".join(line["detail"]),
        f"{line['measured_at']}, {line['load_before']:.1f}{f', {machine}' if machine else ''}",
    )
    return f"| {' | '.join(cells)} |"


def _write_missed(missed: Sequence[Line]) -> list[str]:
    if not missed:
        return []
    return ["## What is missed", "", *(f"- {_say_miss(line)}" for line in missed), ""]


def _write_unmeasured(lines: Sequence[Line]) -> list[str]:
    measured = {line["group"] for line in lines}
    names = [name for name in GROUPS if name not in measured and name not in TEXTS]
    return [f"Not measured: {', '.join(names)}.", ""] if names else []


def _say_miss(line: Line) -> str:
    sign = "at most" if line["at_most"] else "at least"
    reached, wanted = (write_figure(line[name], line["unit"]) for name in ("measured", "target"))
    return f"{line['name']}: {reached}, where {sign} {wanted} was wanted."


def _read_part(name: str) -> str:
    file = PARTS / name
    return file.read_text().rstrip() + "\n" if file.exists() else ""


def get_now() -> datetime:
    return datetime.now(tz=UTC)


def get_files() -> tuple[Path, Path]:
    return PAGE, JSON
