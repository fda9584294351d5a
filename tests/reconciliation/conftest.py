from __future__ import annotations

import pytest


@pytest.fixture(params=["each", "sieved"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the same is found."""
    if request.param == "sieved":
        monkeypatch.setattr("reconciliation.sieve.LONG", 0)
