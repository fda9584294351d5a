"""Rows of what works on the hub's database alone: durable servers of their own, in a process of its own.

A process of its own, so that memory is what the work took and Django is set up for that database.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.rows import Row
from roaming_hub.stack import Stack

_NOT_OURS = ("HUB_", "DATABASE_URL", "REDIS_URL")


def measure_beside_database(module: str, *, rounds: int) -> list[Row]:
    """What `main` of this module measures. Its data is gone afterwards.

    Raises:
        RuntimeError: it failed; what it said stands above.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)  # the database server may run as another user
        file = Path(folder) / "rows.json"
        with Stack(state=Path(folder) / "state", environ=kept, say=lambda line: None) as stack:
            status = stack.run(sys.executable, "-m", module, "--rounds", str(rounds), "--rows", str(file))
        if status:
            raise RuntimeError(f"{module} ended with status {status}")
        return [Row(**told) for told in json.loads(file.read_text())]


def main(measure: Callable[..., list[Row]], parser: argparse.ArgumentParser) -> None:
    """The other side: set up Django, migrate, measure with what was asked, tell the rows."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=Path, help="write them here, for `make bench`")
    asked = vars(parser.parse_args())
    file: Path | None = asked.pop("rows")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    rows = measure(**asked)
    if file is None:
        _show(rows)
    else:
        file.write_text(json.dumps([asdict(row) for row in rows]))


def _show(rows: Sequence[Row]) -> None:
    for row in rows:
        sign = "≤" if row.at_most else "≥"
        print(f"{'met ' if row.met else 'MISS'}  {row.measured:8.2f} {row.unit:2} ({sign} {row.target})  {row.name}")
        print(f"      {', '.join(row.detail)}")
