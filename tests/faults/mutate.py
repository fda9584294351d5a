"""Take protections out of a copy of this hub, one at a time, and see that the fault test fails each time.

    python -m tests.faults.mutate [NAME …]

The tree itself is never changed. It ends with 1 if a test passed although the protection was gone. Many minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.mutations import MUTATIONS, Mutation

PROJECT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".hub", "__pycache__", ".*_cache", ".static", ".hypothesis")
LONGEST = 900  # seconds for one of them
SHORT = {"FAULTS_CALLS": "4000", "FAULTS_SEED": "1"}
PASSED, FAILED = 0, 1  # what pytest's exit status says


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Show that the fault tests notice when a protection is gone.")
    parser.add_argument("names", nargs="*", help="all, unless named")
    asked = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if not asked.names or mutation.name in asked.names]
    bad = [mutation.name for mutation in chosen if not prove(mutation)]
    print(f"{len(chosen) - len(bad)} of {len(chosen)} protections are missed when they are gone; not: {bad or 'none'}")
    return 1 if bad else 0


def prove(mutation: Mutation) -> bool:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        Path(folder).chmod(0o755)  # the database server may run as another user
        tree = Path(folder) / "tree"
        shutil.copytree(PROJECT, tree, ignore=LEFT_OUT)
        take_out(mutation, tree)
        status, said = run_test(mutation, tree)
    is_proved = status == FAILED and "failed" in said[-1] and "error" not in said[-1]
    reasons = [line for line in said if line.startswith("E  ")][:4]
    print(f"{mutation.name:12} {'failed, as it should' if is_proved else 'NOT PROVED'}: {said[-1]}", flush=True)
    print(*reasons, sep="\n", flush=True)
    return is_proved


def take_out(mutation: Mutation, tree: Path) -> None:
    file = tree / mutation.file
    text = file.read_text()
    assert text.count(mutation.old) == 1, f"{mutation.name}: the text is {text.count(mutation.old)} times in {file}"
    file.write_text(text.replace(mutation.old, mutation.new))


def run_test(mutation: Mutation, tree: Path) -> tuple[int, list[str]]:
    options = ["-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"tests/faults/{mutation.test}"],
            cwd=tree,
            env=os.environ | SHORT,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return -1, [f"no end within {LONGEST} s"]
    return done.returncode, done.stdout.strip().splitlines() or [done.stderr[-300:]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
