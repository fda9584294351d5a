"""Moments on the wire: lenient in (TRANS-39, AMB-11), one spelling out. Never reads the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_SENTINEL = re.compile(r"1970-0?1-0?1[Tt]00:00:00(?:\.0+)?[Zz]?", re.ASCII)

SENTINEL = datetime(1970, 1, 1, tzinfo=UTC)  # "time unknown" in CDRs, by agreement (CDR-16)


def parse_datetime(text: str, *, sentinel: bool = False) -> datetime:
    """The instant as aware UTC: any RFC 3339 offset; no zone is UTC; what is finer than microseconds is rounded.

    With `sentinel` also the unpadded `1970-1-1T00:00:00Z` of the specification's text (AMB-56).

    Raises:
        ValueError: it is not a moment.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        if sentinel and _SENTINEL.fullmatch(text):
            return SENTINEL
        raise ValueError(f"{text[:40]!r} is not an RFC 3339 date and time")
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    leap = second == 60  # RFC 3339 has leap seconds, datetime has not: it is the second after
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
        return moment + timedelta(seconds=leap) + _fraction(match[7]) - _offset(match[8])
    except (ValueError, OverflowError) as e:
        raise ValueError(f"{text[:40]!r} is not a date and time: {e}") from e


def format_datetime(moment: datetime) -> str:
    """UTC with `Z`; milliseconds only where there are any (cut, not rounded: never later than the moment itself).

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone has no place on the wire")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    milliseconds = utc.microsecond // 1000
    return utc.isoformat(timespec="milliseconds" if milliseconds else "seconds") + "Z"


def _fraction(digits: str | None) -> timedelta:
    """Halves are rounded up, as msgspec does: a moment is the same one wherever it is read."""
    return timedelta(microseconds=(2 * 10**6 * int(digits) // 10 ** len(digits) + 1) // 2) if digits else timedelta()


def _offset(zone: str | None) -> timedelta:
    if not zone or zone in "Zz":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("offset out of range")
    size = timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size
