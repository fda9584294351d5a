"""The simulator's clock: UTC, whole milliseconds, never the same moment twice, so that `last_updated` always grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def format_moment(moment: datetime) -> str:
    """OCPI's DateTime: UTC with `Z` and three decimals, 24 characters (TRANS-39)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_moment(text: str) -> datetime:
    """Read any RFC 3339 moment; one without a zone is UTC (TRANS-39, AMB-11).

    Raises:
        ValueError: it is not a date and time.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Clock:
    """Hands out growing moments. Two changes of one object never carry the same time."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def tick(self) -> datetime:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return self._last
