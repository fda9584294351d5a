"""How an issuer writes its invoice numbers. Pure."""

from __future__ import annotations

from string import Formatter
from typing import Final

FIELDS: Final = frozenset({"prefix", "party", "year", "number"})
LONGEST: Final = 40
LONGEST_PREFIX: Final = 12
WITH_PREFIX: Final = "{prefix}{year}-{number:06d}"


class InvalidPattern(ValueError):
    """Numbers written like this could be the same twice, or cannot be written."""


def fill_pattern(pattern: str, *, prefix: str, party: str, year: int, number: int) -> str:
    return pattern.format(prefix=prefix, party=party, year=year, number=number)


def check_pattern(pattern: str) -> None:
    """
    Raises:
        InvalidPattern: it says why.
    """
    try:
        fields = {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
        if fields - FIELDS:
            raise InvalidPattern(f"{pattern!r}: only {', '.join(sorted(FIELDS))} can stand in braces")
        longest = fill_pattern(pattern, prefix="", party="NLCPO", year=2026, number=9_999_999)
    except (ValueError, IndexError) as e:
        raise e if isinstance(e, InvalidPattern) else InvalidPattern(f"{pattern!r} cannot be read: {e}") from e
    if not {"year", "number"} <= fields:
        raise InvalidPattern(f"{pattern!r}: {{year}} and {{number}} must be in it, as each year begins with 1")
    if len(longest) > LONGEST - LONGEST_PREFIX:
        raise InvalidPattern(f"{pattern!r} makes numbers of more than {LONGEST - LONGEST_PREFIX} characters")
