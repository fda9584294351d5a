"""What is taken for usual at a glance has nothing wrong with it when looked at properly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdrs.control import schema
from cdrs.control.usual import are_usual
from tests.documents import cdr_document

TYPES = frozenset({"ENERGY", "TIME", "CURRENT"})
USUAL = {
    "start_date_time": "2026-11-20T10:00:00Z",
    "dimensions": [{"type": "ENERGY", "volume": Decimal("1.2345")}, {"type": "TIME", "volume": 1}],
    "tariff_id": "T1",
}

numbers = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(-1000, 1000, places=4),
    st.integers(-(10**16), 10**16),
    st.sampled_from(["1.5", None, True, 1.5, Decimal("1.23456"), Decimal("1.50000"), Decimal("1E+2"), 10**15]),
)
types: st.SearchStrategy[Any] = st.sampled_from([*TYPES, "MAX_POWER", "FOO", None, 1, []])
dimensions = st.fixed_dictionaries({"type": types, "volume": numbers}, optional={"unit": st.just("kWh")})
times = st.sampled_from(
    [
        *("2026-11-20T10:00:00Z", "2026-11-20T10:00:00", "2026-11-20T10:00:00.5Z", "2026-W10-1T10:00:00Z"),
        *("1800-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-11-20T10:00:00+01:00", "now", "Z", "", None, 5),
    ]
)
periods = st.fixed_dictionaries(
    {"start_date_time": times, "dimensions": st.lists(st.one_of(dimensions, st.just([1, 2])), max_size=3)},
    optional={"tariff_id": st.sampled_from(["T1", "T" * 36, "T" * 37, "", None, 5]), "colour": st.just("red")},
)


@given(st.one_of(st.lists(st.one_of(st.just(USUAL), periods, st.none()), max_size=3), st.none(), st.just({})))
def test_nothing_is_overlooked(value: Any) -> None:
    document = cdr_document(charging_periods=value)
    told = list(schema.check_schema(document, version="2.2.1"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "are_usual", lambda *_, **__: False)
        assert told == list(schema.check_schema(document, version="2.2.1"))


def test_the_usual_is_told_at_a_glance():
    assert are_usual([USUAL, {name: USUAL[name] for name in ("start_date_time", "dimensions")}], types=TYPES)


@pytest.mark.parametrize(
    "volume", [Decimal("NaN"), Decimal("Infinity"), Decimal("1.23456"), 10**15, True, "1", 1.5, None]
)
def test_other_numbers_are_not(volume):
    assert not are_usual([USUAL | {"dimensions": [{"type": "ENERGY", "volume": volume}]}], types=TYPES)
