"""Rows of functions that return bare figures: what they are held against."""

from __future__ import annotations

from importlib import import_module

from benchmarks.groups import NotThere
from benchmarks.rows import Row


def measure_rerate(*, rounds: int) -> list[Row]:
    try:
        measure = import_module("benchmarks.rerate").measure
    except ModuleNotFoundError as error:
        raise NotThere("there is no benchmarks.rerate yet") from error
    found, short = measure(rounds=rounds), measure(rounds=rounds, periods=2)
    return [
        Row(
            name="re-rating stored CDRs from their text, one core",
            target=5_000,
            measured=found["judged_per_s"],
            unit="CDRs/s",
            detail=(
                f"{found['bytes']:,.0f} bytes and ten periods a CDR",
                f"parsing JSON alone {found['parsed_per_s']:,.0f}/s",
                f"CDRs of two periods {short['judged_per_s']:,.0f}/s",
            ),
        )
    ]
