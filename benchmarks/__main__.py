"""Run the benchmarks, print the table and write docs/benchmarks.md: `make bench`, `make bench ROWS="relay fanout"`.

Takes up to 40 minutes; run nothing beside it. What is not named keeps its rows of the last time.
"""

from __future__ import annotations

import argparse
import traceback

from benchmarks import machine, report
from benchmarks.groups import GROUPS, NotThere, load
from benchmarks.progress import say
from benchmarks.rows import Row
from benchmarks.yardsticks.run import OTHERS


def main() -> int:
    given = _read_arguments()
    failed = [] if given.report else [name for name in given.rows or list(GROUPS) if not _run(name, given.rounds)]
    report.write_page(versions=machine.list_versions(yardsticks=OTHERS), now=report.get_now())
    say(f"written: {', '.join(str(file) for file in report.get_files())}")
    if failed:
        say(f"not measured: {' '.join(failed)}")
    return bool(failed)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What the hub costs, beside its yardsticks.")
    parser.add_argument("rows", nargs="*", metavar="ROWS", help=" ".join(GROUPS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page from what was measured")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(GROUPS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return given


def _run(name: str, rounds: int) -> bool:
    """A group that fails must not take the others with it."""
    busy, here = machine.get_load(), machine.look()
    say(f"{name}: load average {busy:.2f}")
    try:
        rows = load(name)(rounds=rounds)
    except NotThere as error:
        say(f"{name}: {error}")
        return True
    except Exception:  # said, and told by the exit status
        traceback.print_exc()
        return False
    report.keep(name, rows, machine=here, now=report.get_now(), load=busy, rounds=rounds)
    for row in rows:
        _show(row)
    return True


def _show(row: Row) -> None:
    sign = "≤" if row.at_most else "≥"
    measured, target = (report.write_figure(value, row.unit) for value in (row.measured, row.target))
    print(f"{'met ' if row.met else 'MISS'}  {measured:>12} ({sign} {target})  {row.name}", flush=True)
    print(f"      {'; '.join(row.detail)}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
