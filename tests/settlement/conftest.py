from __future__ import annotations

import decimal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_float() -> Iterator[None]:
    """Nothing on the way of an amount may touch binary arithmetic."""
    with decimal.localcontext() as context:
        context.traps[decimal.FloatOperation] = True
        yield
