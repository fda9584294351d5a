"""The instants inside a long period at which the price may change and change back before its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from tariffs.pricing.restrictions import DAY_SECONDS, Moment, Thresholds
from tariffs.pricing.session import Period
from tariffs.pricing.zones import LocalClock

MOST = 500  # moments that are looked at; a tariff and a period that have more cannot be judged
_DAYS = 8  # limits of the wall clock come again each week
_HOUR = 3600  # by which clocks are moved


class TooManyMoments(Exception):
    """More limits lie inside one period than are worth looking at."""


def find_moments(
    period: Period,
    start: Moment,
    thresholds: Thresholds,
    *,
    span: int,
    kwh: Decimal,
    clock: LocalClock | None,
    most: int = MOST,
) -> Iterator[Moment]:
    """Where a limit of time is passed inside the period, which lasts `span` seconds and ends at `kwh`. How the energy
    is spread over it nobody knows, so each limit that it passes may have been passed by then.

    Raises:
        TooManyMoments: there are more than `MOST`, or than `most`.
    """
    low, high = min(period.kwh, kwh), max(period.kwh, kwh)
    energies = [period.kwh, *(cut for cut in thresholds.kwh if low < cut < high)]
    offsets = _find_offsets(period, start, thresholds, span=span)
    if len(offsets) * len(energies) > min(most, MOST):
        raise TooManyMoments
    for offset in sorted(offsets):
        for energy in energies:
            yield _make(period, start, offset, energy, clock=clock)


def _find_offsets(period: Period, start: Moment, thresholds: Thresholds, *, span: int) -> set[int]:
    """In seconds after the start. One too many does no harm: each is a moment that was."""
    found = {0} | {int((cut - period.elapsed).to_integral_value(ROUND_CEILING)) for cut in thresholds.elapsed}
    count = 0
    for cut in {0, *thresholds.seconds}:
        first = (cut - start.seconds) % DAY_SECONDS
        for at in range(first, min(span, _DAYS * DAY_SECONDS), DAY_SECONDS):
            count += 1
            if count > MOST:
                raise TooManyMoments
            found.update((at - _HOUR, at, at + _HOUR))
    return {offset for offset in found if 0 <= offset < span}


def _make(period: Period, start: Moment, offset: int, kwh: Decimal, *, clock: LocalClock | None) -> Moment:
    moment = Moment(kwh=kwh, elapsed=period.elapsed + offset, volumes=period.volumes, assume=start.assume)
    at: datetime = period.start + timedelta(seconds=offset)
    if clock is not None:
        moment.day, moment.seconds = clock.read(at)
        moment.weekday = (moment.day - 1) % 7
    return moment
