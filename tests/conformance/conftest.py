"""Fixtures of the conformance suite. `cast` is all that most rows need; see README.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.absence import Absence, begin_absence
from tests.conformance.cast import Cast
from tests.conformance.hub import HubUnderTest, open_hub
from tests.conformance.operator import NoOperator, Operator


@pytest.fixture(scope="session")
def hub_under_test() -> Iterator[HubUnderTest]:
    with open_hub() as hub:
        yield hub


@pytest.fixture(scope="session")
def whole_cast(hub_under_test: HubUnderTest) -> Iterator[Cast]:
    cast = Cast(hub_under_test)
    cast.settle(cast.cpa, cast.msa)
    yield cast
    cast.close()


@pytest.fixture
def cast(whole_cast: Cast) -> Iterator[Cast]:
    yield whole_cast
    whole_cast.end_test()


@pytest.fixture
def operator(cast: Cast) -> Operator:
    return cast.operator


@pytest.fixture(scope="session")
def absence(whole_cast: Cast) -> Absence:
    return begin_absence(whole_cast)


@pytest.fixture(scope="session", autouse=True)
def _absence_begins_first(request: pytest.FixtureRequest) -> None:
    """It takes more than a minute: let it pass while other rows are tested."""
    if not any("absence" in getattr(item, "fixturenames", ()) for item in request.session.items):
        return
    if not isinstance(request.getfixturevalue("hub_under_test").operator, NoOperator):
        request.getfixturevalue("absence")
