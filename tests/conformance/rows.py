"""The rows of the conformance list: ids and levels, from rows.json; and the row that a test is of."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

_OF_TEST = re.compile(r"^test_([A-Z]+)_(\d+)_")


@dataclass(frozen=True)
class Row:
    id: str
    level: str
    group: str


def get_rows() -> list[Row]:
    return [Row(**row) for row in json.loads(Path(__file__).with_name("rows.json").read_text())]


def get_row_id(test_name: str) -> str:
    """`test_ROUTE_24_…` → "ROUTE-24"; "" for a test of the suite itself."""
    found = _OF_TEST.match(test_name)
    return f"{found[1]}-{found[2]}" if found else ""
