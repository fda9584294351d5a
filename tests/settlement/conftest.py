from __future__ import annotations

import decimal
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps

from settlement.rates import VatRate


@pytest.fixture(autouse=True)
def _no_float() -> Iterator[None]:
    """Nothing on the way of an amount may touch binary arithmetic."""
    with decimal.localcontext() as context:
        context.traps[decimal.FloatOperation] = True
        yield


@pytest.fixture(autouse=True)
def _vat_rates(request: pytest.FixtureRequest) -> None:
    """As the migration seeds them: tests with transactions of their own, anywhere, leave their tables empty."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        return
    request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")
    if not VatRate.objects.exists():
        import_module("settlement.migrations.0003_vat_rates").seed(apps, None)
