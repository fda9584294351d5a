"""Take behaviours out of a copy of this hub, one at a time, and see that the row's test fails each time.

    python -m tests.conformance.mutate [ROW …] [--jobs N] [--into docs/conformance.md]

The tree itself is never changed. It ends with 1 if a test passed although its behaviour was gone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.mutations import MUTATIONS, Mutation
from tests.conformance.report import MUTATIONS_MARK

PROJECT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".hub", "__pycache__", ".*_cache", ".static", ".hypothesis")
LONGEST = 600  # seconds for one row
PASSED, FAILED = 0, 1  # what pytest's exit status says


@dataclass(frozen=True)
class Proof:
    mutation: Mutation
    status: int
    said: str

    @property
    def is_good(self) -> bool:
        """The test ran and failed; that the hub did not start, or that no test was found, proves nothing."""
        return self.status == FAILED and "failed" in self.said and "error" not in self.said


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Show that the conformance tests notice when a behaviour is gone.")
    parser.add_argument("rows", nargs="*", help="all that there is a mutation for, unless named")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--into", type=Path, help="write the table into this page")
    asked = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if not asked.rows or mutation.row in asked.rows]
    with ThreadPoolExecutor(asked.jobs) as pool:
        proofs = list(pool.map(prove, chosen))
    if asked.into:
        write_table(asked.into, proofs)
    bad = [proof.mutation.row for proof in proofs if not proof.is_good]
    print(f"{len(proofs) - len(bad)} of {len(proofs)} behaviours are missed when they are gone; not: {bad or 'none'}")
    return 1 if bad else 0


def prove(mutation: Mutation) -> Proof:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        Path(folder).chmod(0o755)  # the database server may run as another user
        copy = Path(folder) / "tree"
        shutil.copytree(PROJECT, copy, ignore=LEFT_OUT)
        take_out(mutation, copy)
        group, _, number = mutation.row.partition("-")
        proof = _run_test(mutation, copy, test=f"test_{group}_{number}_")
    print(f"{mutation.row:9} {'failed, as it should' if proof.is_good else 'NOT PROVED'}: {proof.said}", flush=True)
    return proof


def take_out(mutation: Mutation, tree: Path) -> None:
    file = tree / mutation.file
    text = file.read_text()
    assert text.count(mutation.old) == 1, f"{mutation.row}: the text is {text.count(mutation.old)} times in {file}"
    file.write_text(text.replace(mutation.old, mutation.new))


def _run_test(mutation: Mutation, copy: Path, *, test: str) -> Proof:
    options = ["-q", "-p", "no:django", "-p", "no:randomly", "-p", "no:cacheprovider"]
    options += ["--confcutdir=tests/conformance", "-k", test, "tests/conformance"]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("CONFORMANCE_")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=copy,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return Proof(mutation, -1, f"no end within {LONGEST} s")
    lines = done.stdout.strip().splitlines()
    return Proof(mutation, done.returncode, lines[-1].strip("= ") if lines else done.stderr[-200:])


def write_table(page: Path, proofs: Sequence[Proof]) -> None:
    """Behind the mark, so that the report of a later run leaves it alone."""
    kept = page.read_text().partition(MUTATIONS_MARK)[0].rstrip() if page.exists() else ""
    lines = [
        "## What the tests notice",
        "",
        "Each behaviour was taken out of a copy of the hub, alone, and the row's test was run (`make mutations`).",
        "",
        "| row | the hub then… | changed in | the row's test |",
        "| --- | --- | --- | --- |",
        *map(_write_line, proofs),
    ]
    page.write_text("\n".join([kept, "", MUTATIONS_MARK, "", *lines]) + "\n")


def _write_line(proof: Proof) -> str:
    outcome = "fails" if proof.is_good else "**not proved**"
    return f"| {proof.mutation.row} | {proof.mutation.what} | `{proof.mutation.file}` | {outcome} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
