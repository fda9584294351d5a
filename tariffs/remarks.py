"""What the lint says of a tariff, in words for the CPO that pushed it and for staff. It refuses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ocpi.errors import NotJson
from ocpi.raw import read_exactly
from tariffs.lint import LINTS, lint
from tariffs.pricing import Finding, Severity

MOST_READ = 256 * 1024  # bytes; a week of prices by the quarter of an hour is a third of that
TOO_LONG = "too_long"
_MOST = 3  # remarks in one message; the admin has all
_LONGEST = 250  # characters of a status_message that partners can be expected to keep


@lru_cache(maxsize=1)  # the store and the answer ask for the same one, and it may be long
def find_remarks(document: bytes) -> tuple[Finding, ...]:
    """Of one that is too long only this: to look through two megabytes takes seconds, in which nobody is answered."""
    if len(document) > MOST_READ:
        what = f"over {MOST_READ // 1024} KiB: it was not looked through"
        return (Finding(TOO_LONG, LINTS[TOO_LONG], "", what),)
    try:
        return lint(read_exactly(document))
    except NotJson:
        return ()  # refused, or kept as it is, by others


def worth_telling(remarks: Sequence[Finding]) -> list[Finding]:
    """Without notes on what is quite usual; the gravest first."""
    told = [remark for remark in remarks if remark.severity is not Severity.PASS]
    return sorted(told, key=lambda remark: remark.severity is Severity.FLAG)


def as_flag(remark: Finding) -> str:
    return f"{remark.path.removeprefix('/') or 'tariff'}: {remark.message} ({remark.id})"


def get_message(remarks: Sequence[Finding]) -> str | None:
    """For the `status_message` of a push that was accepted; None: nothing to say."""
    if not remarks:
        return None
    count = f"{len(remarks)} remark{'s' if len(remarks) > 1 else ''}"
    text = f"accepted; {count}: {'; '.join(as_flag(remark) for remark in remarks[:_MOST])}"
    more = " …" if len(remarks) > _MOST or len(text) > _LONGEST else ""
    return text[: _LONGEST - len(more)] + more
