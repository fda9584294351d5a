"""What must hold for every tariff and every CDR."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tariffs.pricing import Result, price
from tariffs.pricing.zones import LocalClock
from tests.tariffs.pricing.cases import cdr, component, element, ids, limit, period, priced, tariff

# The check of floats is set up once for all examples.
ZONES = ["Europe/Amsterdam", "Europe/Lisbon", "Africa/Casablanca", "Australia/Lord_Howe", "America/St_Johns"]
CHANGES = [  # of the clocks
    ("Europe/Amsterdam", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Amsterdam", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a day was left out
]
relaxed = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EXACT = Decimal("1E-20")  # 28 digits, so sums of thirds agree up to here

amounts = st.decimals(0, 5, places=2)
vats = st.sampled_from([None, "0", "5.5", "10", "20"])
steps = st.sampled_from([0, 1, 60, 300, 500, 900])
DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


@st.composite
def components(draw: Any, step: Any = steps) -> dict[str, Any]:
    type = draw(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]))
    return component(type, str(draw(amounts)), vat=draw(vats), step=draw(step))


@st.composite
def restrictions(draw: Any) -> dict[str, Any]:
    hours = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
    options: dict[str, Any] = {
        "start_time": hours,
        "end_time": hours,
        "min_kwh": st.integers(0, 20),
        "max_kwh": st.integers(1, 40),
        "min_duration": st.integers(0, 4).map(lambda count: count * 900),
        "max_duration": st.integers(1, 8).map(lambda count: count * 900),
        "day_of_week": st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True),
        "start_date": st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-25"]),
    }
    names = draw(st.lists(st.sampled_from(sorted(options)), max_size=3, unique=True))
    return {name: draw(options[name]) for name in names}


@st.composite
def tariffs(draw: Any, step: Any = steps, *, limited: bool = True) -> dict[str, Any]:
    parts = draw(
        st.lists(st.tuples(st.lists(components(step), min_size=1, max_size=3), restrictions()), min_size=1, max_size=5)
    )
    document = tariff(*(element(*inner, **restricted) for inner, restricted in parts))
    if limited and draw(st.booleans()):
        document["min_price"] = limit("1", "1.1")
    if limited and draw(st.booleans()):
        document["max_price"] = limit("20", "22")
    return document


starts = st.sampled_from(
    ["2026-03-28T23:45:00Z", "2026-10-24T23:45:00Z", "2026-11-23T16:45:00Z", "2026-11-23T08:30:00Z"]
)


@st.composite
def cdrs(draw: Any) -> dict[str, Any]:
    """Periods of whole quarters of an hour; charging, then parking."""
    at, told, begun = draw(starts), [], 0
    for is_charging in draw(st.lists(st.booleans(), min_size=1, max_size=6)):
        quarters = draw(st.integers(1, 6))
        hours = Decimal(quarters) / 4
        volumes: dict[str, Any] = {"parking_time": hours}
        if is_charging:
            volumes = {"energy": Decimal(draw(st.integers(0, 12000))) / 1000, "time": hours}
        told.append(period(begun, "T1", at=at, **volumes))
        begun += quarters * 15
    return cdr(*told, at=at, lasts=begun)


def near(one: Result, two: Result) -> bool:
    return all(
        abs(a - b) <= EXACT
        for name in one.totals
        for a, b in zip(one.totals[name], two.totals[name], strict=True)
        if a is not None and b is not None
    )


@relaxed
@given(
    cdrs(),
    tariffs(),
    st.integers(0, 5),
    st.sampled_from([Decimal("0.2"), Decimal("0.37"), Decimal("0.5"), Decimal("0.81")]),
)
def test_splitting_where_nothing_changes_changes_nothing(document, of, place, share):
    whole = priced(document, of)
    assume("period_spans_price_change" not in ids(whole))
    told = document["charging_periods"]
    place %= len(told)
    begins = [datetime.fromisoformat(one["start_date_time"]) for one in told]
    ends = [*begins[1:], datetime.fromisoformat(document["end_date_time"])]
    cut = begins[place] + timedelta(seconds=int((ends[place] - begins[place]).total_seconds() * float(share)))
    first, second = (
        told[place] | {"dimensions": [one | {"volume": one["volume"] * part} for one in told[place]["dimensions"]]}
        for part in (share, 1 - share)
    )
    second |= {"start_date_time": cut.isoformat()}

    parts = priced(document | {"charging_periods": [*told[:place], first, second, *told[place + 1 :]]}, of)

    assert near(whole, parts)


@relaxed
@given(cdrs(), tariffs())
def test_the_order_of_the_periods_does_not_matter(document, of):
    shuffled = document["charging_periods"][:]
    random.Random(len(shuffled)).shuffle(shuffled)

    assert priced(document, of).totals == priced(document | {"charging_periods": shuffled}, of).totals


@relaxed
@given(cdrs(), tariffs(limited=False))
def test_the_parts_are_the_total_and_the_lines_are_the_parts(document, of):
    result = priced(document, of)

    for side in (0, 1):
        parts = [amount[side] for name, amount in result.totals.items() if name != "total_cost"]
        lines = [line.amount[side] for one in result.periods for line in one.lines]
        assert abs(sum(parts) - result.totals["total_cost"][side]) <= EXACT  # type: ignore[arg-type, operator]
        assert abs(sum(lines) - result.totals["total_cost"][side]) <= EXACT  # type: ignore[arg-type, operator]


@relaxed
@given(cdrs(), tariffs())
def test_original_and_credit_are_nothing(document, of):
    normal = priced(document, of).totals["total_cost"]
    credit = priced(document | {"id": "C1-C", "credit": True, "credit_reference_id": "C1"}, of).totals["total_cost"]

    assert [one + two for one, two in zip(normal, credit, strict=True)] == [0, 0]  # type: ignore[operator]


@relaxed
@given(cdrs(), tariffs())
def test_limits_hold(document, of):
    result = priced(document, of).totals["total_cost"]

    for side, name in enumerate(("excl_vat", "incl_vat")):
        assert result[side] is not None
        assert of.get("min_price", {name: 0})[name] <= result[side] <= of.get("max_price", {name: Decimal("1E9")})[name]


@relaxed
@given(cdrs(), tariffs())
def test_what_is_billed_is_measured_or_a_multiple_of_the_step(document, of):
    lines = [line for one in priced(document, of).periods for line in one.lines]

    for dimension, scale in (("ENERGY", 1000), ("TIME", 3600), ("PARKING_TIME", 3600)):
        mine = [line for line in lines if line.dimension == dimension]
        measured, billed = (sum(getattr(line, name) for line in mine) for name in ("quantity", "billed_quantity"))
        assert measured <= billed
        if measured != billed:
            over = (billed * scale) % mine[-1].step_size
            assert min(over, mine[-1].step_size - over) < EXACT
            assert (billed - measured) * scale < mine[-1].step_size


@relaxed
@given(cdrs(), tariffs(), st.sampled_from(["ENERGY", "TIME", "PARKING_TIME"]))
def test_an_element_that_comes_after_a_general_one_is_never_used(document, of, type):
    general = element(component(type, "0.77", step=300))
    longer = of | {"elements": [general, *of["elements"], element(component(type, "9.99"))]}
    shorter = of | {"elements": [general, *of["elements"]]}

    assert priced(document, longer).totals == priced(document, shorter).totals


@relaxed
@given(cdrs(), tariffs())
def test_a_zone_is_only_a_way_of_telling_the_time(document, of):
    """Where the clocks do not change, moving the session and the clocks together changes nothing."""
    assume(not any("start_date" in one.get("restrictions", {}) for one in of["elements"]))
    offset = ZoneInfo("Asia/Tokyo").utcoffset(datetime(2026, 1, 1))  # noqa: DTZ001  all year the same
    moved = document | {name: _moved(document[name], offset) for name in ("start_date_time", "end_date_time")}
    moved["charging_periods"] = [
        one | {"start_date_time": _moved(one["start_date_time"], offset)} for one in document["charging_periods"]
    ]

    assert priced(document, of, zone="Asia/Tokyo").totals == priced(moved, of, zone="UTC").totals


@relaxed
@given(cdrs(), tariffs(), st.sampled_from(ZONES))
def test_a_zone_matters_to_local_times_alone(document, of, zone):
    """Also while the clocks are moved."""
    local = {"start_time", "end_time", "start_date", "end_date", "day_of_week"}
    for one in of["elements"]:
        one["restrictions"] = {name: value for name, value in one.get("restrictions", {}).items() if name not in local}

    assert priced(document, of, zone=zone).totals == priced(document, of, zone="UTC").totals


@relaxed
@given(cdrs(), tariffs(), st.sampled_from(ZONES))
def test_splitting_changes_nothing_while_the_clocks_are_moved(document, of, zone):
    """A quarter of an hour is the least that any tariff here can tell apart."""
    whole = priced(document, of, zone=zone)
    assume(not {"period_spans_price_change"} & ids(whole))
    parts = [part for one in _with_ends(document) for part in _quarters(*one)]

    assert near(whole, priced(document | {"charging_periods": parts}, of, zone=zone))


def _with_ends(document: Any) -> Any:
    told = document["charging_periods"]
    begins = [datetime.fromisoformat(one["start_date_time"]) for one in told]
    return zip(told, begins, [*begins[1:], datetime.fromisoformat(document["end_date_time"])], strict=True)


def _quarters(one: Any, begin: datetime, end: datetime) -> list[Any]:
    """The parts add up to the last digit: the first takes what a division leaves over."""
    count = int((end - begin) / timedelta(minutes=15))
    parts = []
    for place in range(count):
        dimensions = []
        for inner in one["dimensions"]:
            part = (inner["volume"] / count).quantize(Decimal("0.000001"))
            dimensions.append(inner | {"volume": part if place else inner["volume"] - part * (count - 1)})
        at = begin + timedelta(minutes=15) * place
        parts.append(one | {"start_date_time": at.isoformat(), "dimensions": dimensions})
    return parts


moments = st.datetimes(datetime(2000, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.sampled_from(ZONES), moments, st.integers(0, 4 * 86_400), st.floats(0, 1))
def test_clocks_are_read_as_they_show_the_time(zone, start, lasts, share):
    _compare_clock(zone, start, start + timedelta(seconds=lasts), share)


@given(st.sampled_from(CHANGES), st.integers(0, 2 * 86_400), st.integers(0, 2 * 86_400), st.floats(0, 1))
def test_clocks_are_read_as_they_show_the_time_around_a_change(change, before, after, share):
    zone, at = change
    _compare_clock(zone, at - timedelta(seconds=before), at + timedelta(seconds=after), share)


def _compare_clock(name: str, start: datetime, end: datetime, share: float) -> None:
    zone = ZoneInfo(name)
    at = start + timedelta(seconds=int((end - start).total_seconds() * share))
    local = at.astimezone(zone)

    clock = LocalClock(zone, start, end)
    day, seconds = clock.read(start)
    assert clock.read(at) == (local.date().toordinal(), local.hour * 3600 + local.minute * 60 + local.second)
    if at > start:
        assert clock.read_before(at, at - start, day=day, seconds=seconds) == clock.read(at - timedelta(seconds=1))


def _moved(text: str, offset: Any) -> str:
    return (datetime.fromisoformat(text) + offset).isoformat()


EXTREMES = [
    *(
        "1",
        "NaN",
        "-0",
        "9E+14",
        "1E-999",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9900-12-31T23:59:59Z",
        "24:00",
    ),
    *(Decimal("9E+14"), Decimal("-9E+14"), Decimal("1E-99"), Decimal("NaN")),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(EXTREMES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(relaxed, max_examples=60)
@given(cdrs(), tariffs(), anything, st.data())
def test_nothing_that_a_partner_sends_breaks_it(document, of, value, data):
    document |= {"tariffs": [of], "total_energy": Decimal(1), "credit": False, "credit_reference_id": None}
    copy = _replaced(document, value, data)

    result = price(copy, [], version=data.draw(st.sampled_from(["2.2.1", "2.1.1", "2.3.0"])), time_zone="Europe/Paris")

    assert result.verdict in {"match", "match_with_warning", "mismatch", "not_verifiable", "reject"}


def _replaced(document: Any, value: Any, data: Any) -> Any:
    """The document with one value somewhere in it replaced."""
    if isinstance(document, dict) and document:
        name = data.draw(st.sampled_from(sorted(document)))
        inner = document[name] if data.draw(st.integers(0, 4)) == 0 else _replaced(document[name], value, data)
        return document | {name: value if inner is document[name] else inner}
    if isinstance(document, list) and document:
        place = data.draw(st.integers(0, len(document) - 1))
        return [*document[:place], _replaced(document[place], value, data), *document[place + 1 :]]
    return value
