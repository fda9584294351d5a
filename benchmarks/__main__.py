"""Run the benchmarks and print the table: `python -m benchmarks [--rounds N]`. Takes minutes; run nothing beside it."""

from __future__ import annotations

import argparse

from benchmarks import relay


def main() -> None:
    parser = argparse.ArgumentParser(description="What the hub costs, beside its yardsticks.")
    parser.add_argument("--rounds", type=int, default=5)
    for row in relay.measure(rounds=parser.parse_args().rounds):
        sign = "≤" if row.at_most else "≥"
        print(f"{'met ' if row.met else 'MISS'}  {row.measured:8.2f} {row.unit:2} ({sign} {row.target})  {row.name}")
        print(f"      {', '.join(row.detail)}")


if __name__ == "__main__":
    main()
