"""Invoice numbers: one series per issuer and year, without a gap. How a number is written is the issuer's choice."""

from __future__ import annotations

from string import Formatter
from typing import Final

from django.db import models, transaction

FIELDS: Final = frozenset({"prefix", "party", "year", "number"})
LONGEST: Final = 40


class InvalidPattern(ValueError):
    """Numbers written like this could be the same twice, or cannot be written."""


class Series(models.Model):
    """The last number given. Its row is locked until the invoice of the number is there, or neither is."""

    issuer = models.CharField(max_length=5, db_collation="C")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "invoicing"
        verbose_name_plural = "series"
        constraints = [models.UniqueConstraint(fields=["issuer", "year"], name="series_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.year}: {self.last}"


def take_number(issuer: str, *, year: int) -> int:
    """The next one. Only in the transaction that writes the invoice: whoever comes next waits for its end.

    Raises:
        RuntimeError: there is no such transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a number is taken in the transaction that uses it, or there will be gaps")
    Series.objects.bulk_create([Series(issuer=issuer, year=year)], ignore_conflicts=True)
    series = Series.objects.select_for_update().get(issuer=issuer, year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return series.last


def write_number(pattern: str, *, prefix: str, party: str, year: int, number: int) -> str:
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
        longest = write_number(pattern, prefix="", party="NLCPO", year=2026, number=9_999_999)
    except (ValueError, IndexError) as e:
        raise e if isinstance(e, InvalidPattern) else InvalidPattern(f"{pattern!r} cannot be read: {e}") from e
    if not {"year", "number"} <= fields:
        raise InvalidPattern(f"{pattern!r}: {{year}} and {{number}} must be in it, as each year begins with 1")
    if len(longest) > LONGEST - 10:
        raise InvalidPattern(f"{pattern!r} makes numbers of more than {LONGEST - 10} characters")
