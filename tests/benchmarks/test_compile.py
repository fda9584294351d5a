"""What is compiled for the image is there, and knows no framework. Compiling takes long: the benchmarks do it."""

from __future__ import annotations

import pytest

from roaming_hub.compile import COMPILED
from roaming_hub.stack.programs import PROJECT


@pytest.mark.parametrize("pattern", COMPILED)
def test_what_is_compiled_is_there_and_pure(pattern):
    files = list(PROJECT.glob(pattern))

    assert files
    assert [file for file in files if "django" in file.read_text().lower().replace("and without django", "")] == []


def test_what_mypyc_builds_with_is_pinned():
    """Up to 3.11 each virtual environment came with one."""
    assert "\nsetuptools==" in (PROJECT / "requirements-dev.lock").read_text()
