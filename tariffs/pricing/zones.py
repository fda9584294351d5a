"""The time zone that a tariff's local times are meant in. Never UTC for want of a better one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from tariffs.pricing.restrictions import DAY_SECONDS

# ISO 3166-1 alpha-3: countries whose clocks all show the same time (overseas territories have codes of their own).
_ONE_ZONE: Final[Mapping[str, str]] = {
    "ALB": "Europe/Tirane",
    "AND": "Europe/Andorra",
    "ARE": "Asia/Dubai",
    "AUT": "Europe/Vienna",
    "BEL": "Europe/Brussels",
    "BGR": "Europe/Sofia",
    "BIH": "Europe/Sarajevo",
    "CHE": "Europe/Zurich",
    "CZE": "Europe/Prague",
    "DEU": "Europe/Berlin",
    "DNK": "Europe/Copenhagen",
    "EST": "Europe/Tallinn",
    "FIN": "Europe/Helsinki",
    "FRA": "Europe/Paris",
    "FRO": "Atlantic/Faroe",
    "GBR": "Europe/London",
    "GGY": "Europe/Guernsey",
    "GIB": "Europe/Gibraltar",
    "GRC": "Europe/Athens",
    "HKG": "Asia/Hong_Kong",
    "HRV": "Europe/Zagreb",
    "HUN": "Europe/Budapest",
    "IMN": "Europe/Isle_of_Man",
    "IND": "Asia/Kolkata",
    "IRL": "Europe/Dublin",
    "ISL": "Atlantic/Reykjavik",
    "ISR": "Asia/Jerusalem",
    "ITA": "Europe/Rome",
    "JEY": "Europe/Jersey",
    "JPN": "Asia/Tokyo",
    "KOR": "Asia/Seoul",
    "LIE": "Europe/Vaduz",
    "LTU": "Europe/Vilnius",
    "LUX": "Europe/Luxembourg",
    "LVA": "Europe/Riga",
    "MAR": "Africa/Casablanca",
    "MCO": "Europe/Monaco",
    "MDA": "Europe/Chisinau",
    "MKD": "Europe/Skopje",
    "MLT": "Europe/Malta",
    "MNE": "Europe/Podgorica",
    "NLD": "Europe/Amsterdam",
    "NOR": "Europe/Oslo",
    "POL": "Europe/Warsaw",
    "ROU": "Europe/Bucharest",
    "SGP": "Asia/Singapore",
    "SMR": "Europe/San_Marino",
    "SRB": "Europe/Belgrade",
    "SVK": "Europe/Bratislava",
    "SVN": "Europe/Ljubljana",
    "SWE": "Europe/Stockholm",
    "THA": "Asia/Bangkok",
    "TUR": "Europe/Istanbul",
    "TWN": "Asia/Taipei",
    "VAT": "Europe/Vatican",
    "ZAF": "Africa/Johannesburg",
}


_LONGEST: Final = 64  # characters of a name; what is longer is none, and would be remembered
_SHORT: Final = timedelta(days=2)
_SECOND: Final = timedelta(seconds=1)


def find_zone(name: object) -> ZoneInfo | None:
    """The zone of this name, or None if there is none."""
    return _find(name) if isinstance(name, str) and 0 < len(name) <= _LONGEST else None


def infer_zone(country: str) -> ZoneInfo | None:
    """The only zone of a country (alpha-3)."""
    return find_zone(_ONE_ZONE.get(country.upper()))


@lru_cache(maxsize=1024)
def _find(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, a path, a folder
        return None


class LocalClock:
    """What clocks on the wall show during one session, as day (`date.toordinal`) and second of that day.

    Where they are not moved while it lasts, reading them is an addition. A session that is shorter than two days and
    has the same offset at both ends has it all along: no zone moves its clocks there and back within two days.
    """

    __slots__ = ("_offset", "_zone")

    def __init__(self, zone: ZoneInfo, start: datetime, end: datetime | None) -> None:
        self._zone = zone
        self._offset: timedelta | None = None
        if end is not None and timedelta(0) <= end - start < _SHORT:
            offset = start.astimezone(zone).utcoffset()
            self._offset = offset if offset == end.astimezone(zone).utcoffset() else None

    def read(self, at: datetime) -> tuple[int, int]:
        local = at.astimezone(self._zone) if self._offset is None else at + self._offset
        return local.toordinal(), local.hour * 3600 + local.minute * 60 + local.second

    def read_before(self, end: datetime, span: timedelta, *, day: int, seconds: int) -> tuple[int, int]:
        """A second before the end of a span at whose start they showed `day` and `seconds`."""
        if self._offset is None or span.days or span.microseconds:
            return self.read(end - _SECOND)
        seconds += span.seconds - 1
        return (day, seconds) if seconds < DAY_SECONDS else (day + 1, seconds - DAY_SECONDS)
