"""Rows about judging stored CDRs: compiled as in the image, and as it is written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.progress import say
from benchmarks.rows import Row
from roaming_hub.compile import LEFT_OUT, compile_into
from roaming_hub.stack.programs import PROJECT

Figures = Mapping[str, Mapping[str, float]]


def measure_rerate(*, rounds: int) -> list[Row]:
    """
    Raises:
        RuntimeError: compiled it does not say the same.
    """
    plain = _run(PROJECT, rounds=rounds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        copy = Path(folder) / "hub"
        shutil.copytree(PROJECT, copy, ignore=LEFT_OUT)
        try:
            compile_into(copy)
        except subprocess.CalledProcessError as error:
            say(f"not compiled: {error}")
        compiled = _run(copy, rounds=rounds)
    if any(plain[size]["said"] != compiled[size]["said"] for size in plain):
        raise RuntimeError("compiled, pricing says something else than it does as it is written")
    return [_make_row(plain, compiled)]


def _run(folder: Path, *, rounds: int) -> Figures:
    argv = (sys.executable, "-m", "benchmarks.rerate", str(3 * rounds))  # of a fifth of a second each, the best counts
    figures: Figures = json.loads(subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout)
    return figures


def _make_row(plain: Figures, compiled: Figures) -> Row:
    return Row(
        name="re-rating stored CDRs from their text, one core",
        target=5_000,
        measured=compiled["long"]["judged_per_s"],
        unit="CDRs/s",
        detail=(
            f"{compiled['long']['bytes']:,.0f} bytes and ten periods a CDR",
            f"parsing JSON alone {compiled['long']['parsed_per_s']:,.0f}/s",
            f"not compiled {plain['long']['judged_per_s']:,.0f}/s",
            f"CDRs of two periods {compiled['short']['judged_per_s']:,.0f}/s",
        ),
    )
