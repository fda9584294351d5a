"""What several tests of the gateway begin with."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from agreements.models import Agreement
from tests.conftest import Cast, make_agreement
from tests.gateway.echo import Echo, serving


@pytest.fixture
def both(cast: Cast) -> Cast:
    """NL*CPO has agreements with both eMSPs."""
    make_agreement("NL*CPO", "IT*MSX")
    cast.hub.settle()
    return cast


@pytest.fixture
def promised(cast: Cast) -> Cast:
    """With lanes, which begin at the end of the log."""
    Agreement.objects.update(delivery="store_and_forward")
    cast.hub.settle()
    cast.hub.deliver()
    return cast


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def line(echo: Echo) -> Iterator[socket.socket]:
    with serving(echo) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        yield line
