from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from ocpi.calls import Role
from parties.models import FactsVersion, Platform
from tests.forwarding.cast import CPO, EMSP, Clock, accept, make_platform
from tests.parties.http_peer import HttpPeer, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(transactional_db: None) -> None:
    """A database whose logs are empty; the drain reads and writes it on connections of its own."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal_event, journal_calllog")
    FactsVersion.objects.get_or_create(pk=1)


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    """The eMSP's back end. Set `behave` to change its manners."""
    with serve(accept) as peer:
        yield peer


@pytest.fixture
def query(hub: None) -> Callable[..., list[tuple]]:
    def ask(sql: str, *params: Any) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    return ask


@pytest.fixture
def cpo(hub: None) -> Platform:
    return make_platform(CPO, Role.CPO)


@pytest.fixture
def emsp(hub: None, peer: HttpPeer) -> Platform:
    return make_platform(EMSP, Role.EMSP, url=peer.url)
