"""Which component prices which dimension of which period, by the first match for each dimension (TAR-06)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from tariffs.pricing.crossings import TooManyMoments, find_moments
from tariffs.pricing.restrictions import Moment
from tariffs.pricing.session import Period, Session, seconds_between
from tariffs.pricing.tariff import Candidates, Component, Tariff
from tariffs.pricing.values import ONE, ZERO
from tariffs.pricing.zones import LocalClock

# Of candidates, in all periods of one CDR: others wait while it is priced. A day in minutes under day-ahead prices for
# three dimensions needs less than half of them.
MOST_TESTS: Final = 1_000_000
_SECOND = timedelta(seconds=1)
_EXTREMES = (("MIN_POWER", "MAX_POWER"), ("MIN_CURRENT", "MAX_CURRENT"))
_CHARGING = ("ENERGY", "TIME", "PARKING_TIME")


class Use:
    """An amount of one dimension and its component. `surplus` (Wh or seconds) is what step_size adds."""

    __slots__ = ("component", "dimension", "period", "quantity", "surplus", "tariff")

    def __init__(self, period: Period, dimension: str, tariff: Tariff, component: Component, quantity: Decimal) -> None:
        self.period = period
        self.dimension = dimension  # of the CDR; FLAT has RESERVATION_TIME where it belongs to a reservation
        self.tariff = tariff
        self.component = component
        self.quantity = quantity
        self.surplus = ZERO


@dataclass(slots=True)
class Rating:
    """`spanning` are places in the list of periods where the price changes though the period goes on; `left` is how
    many candidates may still be tested to find them."""

    uses: list[Use] = field(default_factory=list)
    spanning: list[int] = field(default_factory=list)
    spanning_measured: list[int] = field(default_factory=list)
    unpriced: list[tuple[Period, str]] = field(default_factory=list)
    guessed: set[int] = field(default_factory=set)
    left: int = MOST_TESTS


def rate(session: Session, tariffs: Sequence[Tariff | None], *, zone: ZoneInfo | None, assume: bool = True) -> Rating:
    """Each period is priced as it begins. `tariffs` are those of the periods, in the same order."""
    rating = Rating()
    flat_done: set[str] = set()
    is_expired = session.is_expired_reservation
    clock = None if zone is None else LocalClock(zone, session.periods[0].start, session.periods[-1].end)
    moment = Moment(kwh=ZERO, elapsed=ZERO, volumes={}, assume=assume)  # one for all periods: each sets all of it
    for number, (period, tariff) in enumerate(zip(session.periods, tariffs, strict=True)):
        if tariff is None:
            continue
        moment.kwh, moment.elapsed, moment.volumes, moment.guessed = period.kwh, period.elapsed, period.volumes, False
        if tariff.uses_local_time and clock is not None:
            moment.day, moment.seconds = clock.read(period.start)
            moment.weekday = (moment.day - 1) % 7
        else:
            moment.day = moment.seconds = moment.weekday = 0
        is_reserved = bool(period.volumes.get("RESERVATION_TIME"))
        if is_reserved:
            _rate_reservation(
                rating, period, tariff, moment, session=session, flat_done=flat_done, is_expired=is_expired
            )
        if not (is_expired or (is_reserved and period.is_reservation)):
            _rate_charging(rating, number, period, tariff, moment, clock=clock, flat_done=flat_done)
        if moment.guessed:
            rating.guessed.add(number)
    return rating


def _rate_charging(
    rating: Rating,
    number: int,
    period: Period,
    tariff: Tariff,
    moment: Moment,
    *,
    clock: LocalClock | None,
    flat_done: set[str],
) -> None:
    volumes = period.volumes
    dimensions = [name for name in _CHARGING if volumes.get(name)]
    if tariff.key not in flat_done:
        dimensions.append("FLAT")
    chosen = select(tariff.charging, dimensions, moment)
    for dimension in dimensions:
        component = chosen.get(dimension)
        if component is None:
            if dimension != "FLAT":
                rating.unpriced.append((period, dimension))
            continue
        quantity = ONE if dimension == "FLAT" else volumes[dimension]
        use = Use(period, dimension, tariff, component, quantity)
        rating.uses.append(use)
        if dimension == "FLAT":
            flat_done.add(tariff.key)
            dimensions = dimensions[:-1]  # it is charged: what it would cost later matters no more
    if tariff.restrictions:
        _look_for_changes(rating, number, period, tariff, moment, clock=clock, chosen=chosen, dimensions=dimensions)


def select(candidates: Mapping[str, Candidates], dimensions: Iterable[str], moment: Moment) -> dict[str, Component]:
    """For each dimension the first component whose element holds; a dimension without one is free."""
    chosen: dict[str, Component] = {}
    for dimension in dimensions:
        for candidate in candidates[dimension]:
            holds = candidate.holds
            if holds is None or holds(moment):
                chosen[dimension] = candidate.component
                break
    return chosen


def _rate_reservation(
    rating: Rating,
    period: Period,
    tariff: Tariff,
    moment: Moment,
    *,
    session: Session,
    flat_done: set[str],
    is_expired: bool,
) -> None:
    """TIME and FLAT of `reservation` elements. If it expired, TIME of RESERVATION_EXPIRES in place of the other, and
    its FLAT on top: "an additional expiration fee"."""
    elapsed, moment.elapsed = moment.elapsed, max(seconds_between(session.start, period.start), ZERO)
    kinds = ("RESERVATION", "RESERVATION_EXPIRES") if is_expired else ("RESERVATION",)
    chosen = {kind: select(tariff.reserving[kind], ("TIME", "FLAT"), moment) for kind in kinds}
    moment.elapsed = elapsed
    told: list[tuple[Component, Decimal]] = []
    hours = period.volumes["RESERVATION_TIME"]
    times = [one["TIME"] for one in chosen.values() if "TIME" in one]
    if times:
        told.append((times[-1], hours))
    else:
        rating.unpriced.append((period, "RESERVATION_TIME"))
    for kind, one in chosen.items():
        key = f"{tariff.key} {kind}"
        if "FLAT" in one and key not in flat_done:
            flat_done.add(key)
            told.append((one["FLAT"], ONE))
    rating.uses += [Use(period, "RESERVATION_TIME", tariff, component, quantity) for component, quantity in told]


def _look_for_changes(
    rating: Rating,
    number: int,
    period: Period,
    tariff: Tariff,
    moment: Moment,
    *,
    clock: LocalClock | None,
    chosen: Mapping[str, Component],
    dimensions: Sequence[str],
) -> None:
    """A new period has to begin wherever the price changes; here it did not."""
    if tariff.uses_measured and _is_on_both_sides(period, tariff):
        moment.swapped = True
        if _differs(chosen, select(tariff.charging, dimensions, moment), dimensions):
            rating.spanning_measured.append(number)
        moment.swapped = False
    start, end = period.start, period.end
    if end is None or (span := end - start) <= _SECOND:
        return
    day, seconds = moment.day, moment.seconds
    if tariff.uses_local_time and clock is not None:
        day, seconds = clock.read_before(end, span, day=day, seconds=seconds)
    energy = period.volumes.get("ENERGY", ZERO)
    kwh = period.kwh + energy
    thresholds = tariff.thresholds
    elapsed = ZERO
    is_crossed = day != moment.day or seconds < moment.seconds  # the clocks may be turned back within one day
    if thresholds.seconds and not is_crossed:
        is_crossed = bisect_right(thresholds.seconds, moment.seconds) < bisect_right(thresholds.seconds, seconds)
    if thresholds.elapsed:
        elapsed = period.elapsed + seconds_between(start, end)
        is_crossed = is_crossed or _is_passed(thresholds.elapsed, period.elapsed, elapsed)
    if not is_crossed and not (thresholds.kwh and _is_met(thresholds.kwh, period.kwh, kwh)):
        return  # spares most periods a second look: nothing can change where no threshold lies in between
    last = Moment(kwh=kwh, elapsed=elapsed, volumes=period.volumes, assume=moment.assume)
    last.ending = 1 if energy > 0 else -1
    last.day, last.seconds, last.weekday = day, seconds, (day - 1) % 7
    if _differs(chosen, select(tariff.charging, dimensions, last), dimensions) or _differs_within(
        rating, period, tariff, moment, last, clock=clock, chosen=chosen, dimensions=dimensions
    ):
        rating.spanning.append(number)


def _differs_within(
    rating: Rating,
    period: Period,
    tariff: Tariff,
    first: Moment,
    last: Moment,
    *,
    clock: LocalClock | None,
    chosen: Mapping[str, Component],
    dimensions: Sequence[str],
) -> bool:
    """An element may hold in the middle alone; one that nobody can rule out counts."""
    assert period.end is not None
    span = int((period.end - period.start).total_seconds())
    local = clock if tariff.uses_local_time else None
    most = rating.left // tariff.size
    try:
        for moment in find_moments(period, first, tariff.thresholds, span=span, kwh=last.kwh, clock=local, most=most):
            rating.left -= tariff.size
            if _differs(chosen, select(tariff.charging, dimensions, moment), dimensions):
                return True
    except TooManyMoments:
        return True
    return False


def _is_on_both_sides(period: Period, tariff: Tariff) -> bool:
    """The lowest power or current below, and the highest above a limit; more limits than matter do no harm."""
    volumes = period.volumes
    for low, high in _EXTREMES:
        if low in volumes and high in volumes:
            least, most = volumes[low], volumes[high]
            if any(least < limit <= most for limit in tariff.thresholds.measured):
                return True
    return False


def _is_passed(cuts: Sequence[Decimal], first: Decimal, last: Decimal) -> bool:
    return bisect_right(cuts, first) < bisect_left(cuts, last)


def _is_met(cuts: Sequence[Decimal], first: Decimal, last: Decimal) -> bool:
    low, high = (first, last) if first < last else (last, first)
    return bisect_left(cuts, low) < bisect_right(cuts, high)


def _differs(chosen: Mapping[str, Component], other: Mapping[str, Component], dimensions: Iterable[str]) -> bool:
    for dimension in dimensions:
        one, two = chosen.get(dimension), other.get(dimension)
        if one is not two and (one is None or two is None or not one.is_same(two)):
            return True
    return False
