"""What several tests of the gateway begin with."""

from __future__ import annotations

import pytest

from tests.conftest import Cast, make_agreement


@pytest.fixture
def both(cast: Cast) -> Cast:
    """NL*CPO has agreements with both eMSPs."""
    make_agreement("NL*CPO", "IT*MSX")
    cast.hub.settle()
    return cast
