"""Invoice numbers: one series per issuer and year, without a gap."""

from __future__ import annotations

from django.db import models, transaction


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
