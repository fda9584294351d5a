"""Fixtures of the tests that speak OCPI over HTTP to a running hub: a cast of two CPOs and two eMSPs.

Agreements hold between NL*CPO and FR*MSP, and between DE*CPX and IT*MSX; nobody else may see anything of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import DefaultContext, FloatOperation, getcontext, localcontext
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck, settings

from agreements.models import Agreement
from ocpi.calls import PartyId
from tests.live.hub import LiveHub, empty_tables, run_hub
from tests.live.partner import LONG_AGO, MODULES, Partner

# How long something takes says nothing about whether it is right, least of all on a busy machine.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")


@dataclass
class Cast:
    hub: LiveHub
    cpo: Partner
    emsp: Partner
    other_cpo: Partner
    other_emsp: Partner


MONEY = frozenset({"tariffs", "cdrs", "charging_sessions", "reconciliation", "settlement", "invoicing"})


@pytest.fixture(autouse=True)
def _no_float_in_money(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever mixes a float into an amount is caught, in threads that begin during the test as well."""
    if not MONEY & set(request.path.parts):
        yield
        return
    with localcontext() as context:
        context.traps[FloatOperation] = DefaultContext.traps[FloatOperation] = True
        yield
        DefaultContext.traps[FloatOperation] = False
        assert getcontext().traps[FloatOperation]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Always a migrated test database: pytest-django makes none for tests with connections of their own."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases=["default"], serialized_aliases=set())  # type: ignore[arg-type]
        _allow_truncate()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(made, verbosity=0)


def _allow_truncate() -> None:
    """Tests empty their tables, closed statements among them: in this database that may be done."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE \"{connection.settings_dict['NAME']}\" SET hub.may_truncate = 'on'")
    connections.close_all()  # it is read when a connection begins


@pytest.fixture(scope="session")
def running_hub(django_db_setup: None, django_db_blocker: Any) -> Iterator[LiveHub]:
    with django_db_blocker.unblock(), run_hub() as hub:
        yield hub


@pytest.fixture
def hub(running_hub: LiveHub, django_db_blocker: Any) -> Iterator[LiveHub]:
    """An empty database; what a test writes is committed, as the hub has connections of its own."""
    with django_db_blocker.unblock():
        empty_tables()
        yield running_hub
        empty_tables()


@pytest.fixture
def new_partner(hub: LiveHub) -> Iterator[Callable[..., Partner]]:
    partners: list[Partner] = []

    def make(*parties: tuple[str, str], **options: Any) -> Partner:
        partners.append(Partner(hub, *parties, **options))
        return partners[-1]

    yield make
    for partner in partners:
        partner.close()


@pytest.fixture
def cast(hub: LiveHub, new_partner: Callable[..., Partner]) -> Cast:
    cast = Cast(
        hub=hub,
        cpo=new_partner(("NL*CPO", "CPO")),
        emsp=new_partner(("FR*MSP", "EMSP")),
        other_cpo=new_partner(("DE*CPX", "CPO")),
        other_emsp=new_partner(("IT*MSX", "EMSP")),
    )
    make_agreement("NL*CPO", "FR*MSP")
    make_agreement("DE*CPX", "IT*MSX")
    hub.settle()
    hub.deliver()  # begins the lanes
    return cast


def make_agreement(provider: str, consumer: str, *, modules: tuple[str, ...] = MODULES, **columns: Any) -> Agreement:
    one, other = PartyId.of_text(provider), PartyId.of_text(consumer)
    agreement = Agreement.objects.create(
        provider_country=one.country_code,
        provider_party=one.party_id,
        consumer_country=other.country_code,
        consumer_party=other.party_id,
        modules=list(modules),
        **{"valid_from": LONG_AGO, "changed_at": LONG_AGO, **columns},
    )
    Agreement.objects.filter(pk=agreement.pk).update(created_at=LONG_AGO)
    return agreement
