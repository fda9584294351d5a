"""When does a tariff element hold? TariffRestrictions as tests of one moment (TAR-06). No clock, no time zone data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from tariffs.pricing.values import Unreadable, read_number

DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
DAY_SECONDS: Final = 86_400
LOCAL: Final = frozenset({"start_time", "end_time", "start_date", "end_date", "day_of_week"})
MEASURED: Final = frozenset({"min_current", "max_current", "min_power", "max_power"})
_NUMBERS: Final = MEASURED | {"min_kwh", "max_kwh", "min_duration", "max_duration"}
KNOWN: Final = LOCAL | _NUMBERS | {"reservation"}


class Moment:
    """What restrictions are asked about: the start of a period, or, with `ending`, the last instant before its end.

    `assume` decides where a measured value is missing; `swapped` looks at the other extreme of the period; `guessed`
    tells whether an answer had to be assumed.
    """

    __slots__ = ("assume", "day", "elapsed", "ending", "guessed", "kwh", "seconds", "swapped", "volumes", "weekday")

    def __init__(self, *, kwh: Decimal, elapsed: Decimal, volumes: Mapping[str, Decimal], assume: bool) -> None:
        self.kwh = kwh
        self.elapsed = elapsed
        self.volumes = volumes
        self.assume = assume
        self.seconds = 0  # of the local day
        self.day = 0  # local, as date.toordinal()
        self.weekday = 0
        self.ending = 0  # 1: values rise towards `kwh` and `elapsed`; -1: kWh falls towards it; both exclusive
        self.swapped = False
        self.guessed = False


Test = Callable[[Moment], bool]


def compile_restrictions(restrictions: Mapping[str, Any]) -> tuple[Test, ...]:
    """All must hold (logical AND); none of them: the element always holds.

    Raises:
        Unreadable: a value is not of its type; the message begins with the field's name.
    """
    tests: list[Test] = []
    window = window_of(restrictions)
    if window is not None:
        tests.append(_window(window))
    tests += _days(_day(restrictions, "start_date"), _day(restrictions, "end_date"), restrictions.get("day_of_week"))
    tests += _energy(_number(restrictions, "min_kwh"), _number(restrictions, "max_kwh"))
    tests += _duration(_number(restrictions, "min_duration"), _number(restrictions, "max_duration"))
    for what in ("CURRENT", "POWER"):
        low = _number(restrictions, f"min_{what.lower()}")
        high = _number(restrictions, f"max_{what.lower()}")
        tests += [] if low is None else [_at_least(low, what)]
        tests += [] if high is None else [_below(high, what)]
    return tuple(tests)


def all_of(tests: tuple[Test, ...]) -> Test | None:
    """One test in place of several: this is the innermost loop of pricing."""
    if not tests:
        return None
    first, *others = tests
    for other in others:
        first = _both(first, other)
    return first


def _both(one: Test, other: Test) -> Test:
    return lambda m: one(m) and other(m)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where anything can change: between two of them a tariff is the same all along."""

    kwh: tuple[Decimal, ...]
    elapsed: tuple[Decimal, ...]
    seconds: tuple[int, ...]  # of the local day; midnight is always one
    measured: tuple[Decimal, ...]


def thresholds_of(all_restrictions: Iterable[Mapping[str, Any]]) -> Thresholds:
    kwh, elapsed, measured = set[Decimal](), set[Decimal](), set[Decimal]()
    seconds = set[int]()
    for restrictions in all_restrictions:
        seconds.update(window_of(restrictions) or ())
        for name in restrictions.keys() & _NUMBERS:
            number = read_number(restrictions[name])
            (kwh if name.endswith("kwh") else elapsed if name.endswith("duration") else measured).add(number)
    return Thresholds(
        kwh=tuple(sorted(kwh)),
        elapsed=tuple(sorted(elapsed)),
        seconds=tuple(sorted(seconds)),
        measured=tuple(sorted(measured)),
    )


def window_of(restrictions: Mapping[str, Any]) -> tuple[int, int] | None:
    """Seconds of the local day from which (inclusive) until which (exclusive); None: all day."""
    start, end = _seconds(restrictions, "start_time"), _seconds(restrictions, "end_time")
    if start is None and end is None:
        return None
    low, high = start or 0, end or DAY_SECONDS  # an end of 00:00 is the end of the day
    return None if start == end or (low, high) == (0, DAY_SECONDS) else (low, high)


def _window(window: tuple[int, int]) -> Test:
    low, high = window
    if low < high:
        return lambda m: low <= m.seconds < high
    return lambda m: m.seconds >= low or m.seconds < high  # over midnight


def _days(start: int | None, end: int | None, weekdays: Any) -> list[Test]:
    tests: list[Test] = []
    if start is not None:
        tests.append(lambda m: m.day >= start)
    if end is not None:
        tests.append(lambda m: m.day < end)
    if weekdays:
        if not isinstance(weekdays, list):
            raise Unreadable("field_format", "day_of_week: expected a list")
        # Of this moment, also where the window began the evening before.
        held = frozenset(DAYS.index(name) for name in weekdays if name in DAYS)
        tests.append(lambda m: m.weekday in held)
    return tests


def _energy(low: Decimal | None, high: Decimal | None) -> list[Test]:
    tests: list[Test] = []
    if low is not None:
        tests.append(lambda m: m.kwh > low if m.ending > 0 else m.kwh >= low)
    if high is not None:
        tests.append(lambda m: m.kwh <= high if m.ending > 0 else m.kwh < high)
    return tests


def _duration(low: Decimal | None, high: Decimal | None) -> list[Test]:
    tests: list[Test] = []
    if low is not None:
        tests.append(lambda m: m.elapsed > low if m.ending else m.elapsed >= low)
    if high is not None:
        tests.append(lambda m: m.elapsed <= high if m.ending else m.elapsed < high)
    return tests


def _at_least(limit: Decimal, what: str) -> Test:
    lowest, highest = f"MIN_{what}", f"MAX_{what}"

    def test(m: Moment) -> bool:
        low, high = m.volumes.get(lowest), m.volumes.get(highest)
        if m.swapped and high is not None:
            return high >= limit
        if low is not None:
            return low >= limit
        if high is not None and high < limit:  # then so is the lowest
            return False
        m.guessed = True
        return m.assume

    return test


def _below(limit: Decimal, what: str) -> Test:
    lowest, highest = f"MIN_{what}", f"MAX_{what}"

    def test(m: Moment) -> bool:
        low, high = m.volumes.get(lowest), m.volumes.get(highest)
        if m.swapped and low is not None:
            return low < limit
        if high is not None:
            return high < limit
        if low is not None and low >= limit:  # then so is the highest
            return False
        m.guessed = True
        return m.assume

    return test


def _number(restrictions: Mapping[str, Any], name: str) -> Decimal | None:
    value = restrictions.get(name)
    try:
        return None if value is None else read_number(value)
    except Unreadable as e:
        raise Unreadable(e.id, f"{name}: {e}") from e


def _seconds(restrictions: Mapping[str, Any], name: str) -> int | None:
    value = restrictions.get(name)
    if value is None:
        return None
    try:
        hour, minute = value.split(":")[:2]
        seconds = int(hour) * 3600 + int(minute) * 60
    except (AttributeError, ValueError) as e:
        raise Unreadable("field_format", f"{name}: expected HH:MM") from e
    if not 0 <= seconds <= DAY_SECONDS or int(minute) > 59:
        raise Unreadable("field_format", f"{name}: expected HH:MM")
    return seconds % DAY_SECONDS  # 24:00 is the 00:00 that the specification asks for


def _day(restrictions: Mapping[str, Any], name: str) -> int | None:
    value = restrictions.get(name)
    try:
        return None if value is None else date.fromisoformat(value).toordinal()
    except (TypeError, ValueError) as e:
        raise Unreadable("field_format", f"{name}: expected YYYY-MM-DD") from e
