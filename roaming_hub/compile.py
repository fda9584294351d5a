"""Translates what judges CDRs to C, with mypyc: `python -m roaming_hub.compile INTO`. The same code, twice as fast.

The image is built with it (Dockerfile). Everywhere else the hub runs as it is written: a compiled module hides its
source, so none is ever put beside it here. Needs the development packages and a C compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from roaming_hub.stack.programs import PROJECT

COMPILED: Final = ("tariffs/pricing/*.py", "cdrs/control/*.py", "reconciliation/control.py", "ocpi/kept.py")
IN_THE_WAY: Final = "pyproject.toml"  # mypy would start Django for it, and setuptools ask which packages are meant
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "build")


def compile_into(folder: Path) -> list[Path]:
    """Write the compiled modules below `folder`, as they are to stand in the project. Which there are.

    Raises:
        subprocess.CalledProcessError: it could not be compiled; what the compiler said stands above.
    """
    with tempfile.TemporaryDirectory(prefix="compile-") as work:
        copy = Path(work) / "hub"
        shutil.copytree(PROJECT, copy, ignore=LEFT_OUT)
        (copy / IN_THE_WAY).unlink()
        command = (
            sys.executable,
            "-m",
            "mypyc",
            "--config-file=",
            "--ignore-missing-imports",
            "--follow-imports=silent",
        )
        subprocess.run(
            [*command, *_sources(copy)],
            cwd=copy,
            check=True,
            stdout=sys.stderr,
            env=os.environ | {"MYPYPATH": str(copy)},
        )
        return list(_move(copy, folder))


def _sources(copy: Path) -> list[str]:
    found = sorted(file for pattern in COMPILED for file in copy.glob(pattern))
    return [str(file.relative_to(copy)) for file in found if file.name != "__init__.py"]


def _move(copy: Path, folder: Path) -> Iterator[Path]:
    """With the modules stands one that they share."""
    shutil.rmtree(copy / "build")
    for file in sorted(copy.rglob("*.so")):
        target = folder / file.relative_to(copy)
        target.parent.mkdir(parents=True, exist_ok=True)
        yield Path(shutil.move(file, target))


if __name__ == "__main__":
    for written in compile_into(Path(sys.argv[1])):
        print(written)
