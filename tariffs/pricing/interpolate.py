"""A second figure for periods that span a change of price: split where it changes, volumes in proportion to time.

Only for people to look at: energy does not flow evenly, so no dispute may rest on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from tariffs.pricing.rate import MOST_TESTS
from tariffs.pricing.session import Period, Session, accumulate, seconds_between
from tariffs.pricing.tariff import Tariff
from tariffs.pricing.values import ZERO

_MOST_DAYS = 31  # longer periods are not split by times of day
_MOST_CUTS = 5000  # of one CDR: more come of nonsense only
_VOLUMES = frozenset({"ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"})


def split(
    session: Session, tariffs: Sequence[Tariff | None], *, spanning: Collection[int], zone: ZoneInfo | None
) -> tuple[Session, list[Tariff | None]]:
    """The session with the periods of these places split at every threshold of their tariffs."""
    periods: list[Period] = []
    of_periods: list[Tariff | None] = []
    left = min(_MOST_CUTS, MOST_TESTS // max([1, *(tariff.size for tariff in tariffs if tariff is not None)]))
    for number, (period, tariff) in enumerate(zip(session.periods, tariffs, strict=True)):
        parts = [period]
        if number in spanning and tariff is not None and period.end is not None:
            cuts = sorted(set(islice(_cuts(period, period.end, tariff, zone), left)))
            left -= len(cuts)
            parts = list(_parts(period, period.end, cuts))
        periods += parts
        of_periods += [tariff] * len(parts)
    result = replace(session, periods=[replace(period) for period in periods])
    accumulate(result)
    return result, of_periods


def _parts(period: Period, end: datetime, cuts: Sequence[Decimal]) -> Iterator[Period]:
    span = seconds_between(period.start, end)
    edges = [ZERO, *cuts, span]
    for low, high in pairwise(edges):
        share = (high - low) / span
        volumes = {name: value * share if name in _VOLUMES else value for name, value in period.volumes.items()}
        yield replace(period, start=period.start + timedelta(microseconds=int(low.scaleb(6))), volumes=volumes)


def _cuts(period: Period, end: datetime, tariff: Tariff, zone: ZoneInfo | None) -> Iterator[Decimal]:
    """Seconds into the period."""
    span = seconds_between(period.start, end)
    energy = period.volumes.get("ENERGY", ZERO)
    thresholds = tariff.thresholds
    for cut in thresholds.elapsed:
        yield from _inside(cut - period.elapsed, span)
    for cut in thresholds.kwh if energy else ():
        yield from _inside((cut - period.kwh) / energy * span, span)
    if zone is not None and tariff.uses_local_time:
        for moment in _local_edges(period.start, end, thresholds.seconds, zone):
            yield from _inside(seconds_between(period.start, moment), span)


def _inside(seconds: Decimal, span: Decimal) -> Iterator[Decimal]:
    if 0 < seconds < span:
        yield seconds


def _local_edges(start: datetime, end: datetime, cuts: Sequence[int], zone: ZoneInfo) -> Iterator[datetime]:
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    if (last - first).days > _MOST_DAYS:
        return
    edges = {0, *cuts}  # midnight: dates and weekdays
    for day in range(first.toordinal(), last.toordinal() + 1):
        for seconds in edges:
            local = datetime.combine(date.fromordinal(day), time(), zone) + timedelta(seconds=seconds)  # on the wall
            yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))  # twice, where clocks go back
