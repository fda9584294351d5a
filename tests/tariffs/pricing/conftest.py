from __future__ import annotations

from collections.abc import Iterator
from decimal import FloatOperation, getcontext, localcontext

import pytest


@pytest.fixture(autouse=True)
def _no_float() -> Iterator[None]:
    """Whoever mixes a float into an amount is caught."""
    with localcontext() as context:
        context.traps[FloatOperation] = True
        yield
        assert getcontext().traps[FloatOperation]
