"""Dated facts: VAT rates of countries, exchange rates of the ECB. What is done with them: `vat.py`, `exchange.py`."""

from __future__ import annotations

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from parties.display import show_number

_percent = [MinValueValidator(0), MaxValueValidator(100)]


class VatRate(models.Model):
    """The standard rate of a country, in percent. Both days are included; without `valid_until` it still holds."""

    country = models.CharField(max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "two capital letters, as NL")])
    rate = models.DecimalField(max_digits=5, decimal_places=2, validators=_percent)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = "VAT rate"
        constraints = [
            models.UniqueConstraint(fields=["country", "valid_from"], name="vat_rate_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="vat_rate_dates_in_order",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=100), name="vat_rate_is_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {show_number(self.rate)} % from {self.valid_from}"

    # Queries

    @classmethod
    def get_in_force(cls, country: str, *, on: date) -> VatRate | None:
        """The latest that has begun on that day and not ended before it."""
        rate = cls.objects.filter(country=country, valid_from__lte=on).order_by("-valid_from").first()
        ended = rate is not None and rate.valid_until is not None and rate.valid_until < on
        return None if ended else rate


class ExchangeRate(models.Model):
    """So much of `currency` for one euro, as the ECB published it on that day."""

    date = models.DateField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "date"], name="exchange_rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"1 EUR = {show_number(self.rate)} {self.currency} on {self.date}"
