"""Terms: how a pair settles, from when until when. Company: who stands behind a party, as invoices need it."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from ocpi.calls import PartyId
from ocpi.countries import is_alpha2
from parties.spelling import say_value
from settlement.bank_accounts import InvalidAccount, read_bic, read_iban
from settlement.periods import PeriodKind
from settlement.vat_numbers import InvalidVatNumber, read_vat_number

LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("it", "Italiano"), ("nl", "Nederlands")]
_currency = RegexValidator(r"^[A-Z]{3}$", "three capital letters, as EUR (ISO 4217)")
MINIMUM = (
    "Per period, and owed for every one since these terms' begin, also without any session: let them begin with the "
    "period from which it is to be paid."
)
_not_negative = MinValueValidator(Decimal(0))
_not_over_all = MaxValueValidator(Decimal(100))


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is no time zone: write one as Europe/Amsterdam")


def check_party_key(key: str) -> None:
    party = PartyId.of_key(key)
    if not party.is_well_formed or party.key != key:
        raise ValidationError(f"{key!r} is no party: two letters of country and one to three letters or digits")


def check_country(code: str) -> None:
    if not is_alpha2(code):
        raise ValidationError(f"{code!r} is no country: two capital letters, as NL (ISO 3166-1 alpha-2)")


def check_vat_number(text: str) -> None:
    _demand(read_vat_number, text)


def check_iban(text: str) -> None:
    _demand(read_iban, text)


def check_bic(text: str) -> None:
    _demand(read_bic, text)


def _demand(read: Callable[[str], str], text: str) -> None:
    try:
        read(text)
    except (InvalidVatNumber, InvalidAccount) as e:
        raise ValidationError(str(e)) from e


class Payer(models.TextChoices):
    """Who pays the hub's fees. `both`: each of the two pays them in full."""

    PROVIDER = "provider", "provider (CPO)"
    CONSUMER = "consumer", "consumer (eMSP)"
    BOTH = "both", "both, each in full"


class Terms(models.Model):
    """Of the CDRs of `provider` for tokens of `consumer`. In force: the row with the latest `valid_from` that has come.

    A change takes effect with the first period that begins at or after `valid_from`; a begun period keeps its terms.
    """

    provider = models.CharField(max_length=5, db_collation="C", validators=[check_party_key])
    consumer = models.CharField(max_length=5, db_collation="C", validators=[check_party_key])
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    period = models.CharField(
        max_length=14,
        choices=[(kind.value, say_value(kind.value)) for kind in PeriodKind],
        default=PeriodKind.CALENDAR_MONTH,
    )
    time_zone = models.CharField(max_length=64, validators=[check_time_zone])
    settlement_currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        validators=[_currency],
        help_text="Also say what is due in this currency, at the ECB's rate. Empty: no conversion.",
    )
    payment_days = models.PositiveSmallIntegerField(default=30)
    fee_per_session = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal(0), validators=[_not_negative]
    )
    fee_per_kwh = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0), validators=[_not_negative])
    fee_percentage = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        default=Decimal(0),
        validators=[_not_negative, _not_over_all],
        help_text="of the amount excl. VAT",
    )
    fee_minimum = models.DecimalField(
        max_digits=12, decimal_places=3, default=Decimal(0), validators=[_not_negative], help_text=MINIMUM
    )
    fee_payer = models.CharField(max_length=8, choices=Payer.choices, default=Payer.CONSUMER)
    fee_currency = models.CharField(max_length=3, default="EUR", validators=[_currency])
    note = models.CharField(max_length=255, blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = "terms"
        constraints = [
            models.UniqueConstraint(fields=["provider", "consumer", "valid_from"], name="terms_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="terms_dates_in_order",
            ),
            models.CheckConstraint(condition=~Q(provider=F("consumer")), name="terms_two_parties"),
            models.CheckConstraint(
                condition=Q(fee_per_session__gte=0, fee_per_kwh__gte=0, fee_percentage__gte=0, fee_minimum__gte=0),
                name="terms_fees_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{PartyId.of_key(self.provider)} – {PartyId.of_key(self.consumer)} from {self.valid_from:%Y-%m-%d}"

    # Factories

    @classmethod
    def by_default(cls, *, provider: str, consumer: str, now: datetime) -> Terms:
        """What the settings say, for a pair without a row of its own. Not saved."""
        return cls(
            provider=provider,
            consumer=consumer,
            valid_from=now,
            period=settings.HUB_SETTLEMENT_PERIOD,
            time_zone=settings.HUB_SETTLEMENT_TIME_ZONE,
            settlement_currency=settings.HUB_SETTLEMENT_CURRENCY,
            payment_days=settings.HUB_PAYMENT_DAYS,
            fee_per_session=settings.HUB_FEE_PER_SESSION,
            fee_per_kwh=settings.HUB_FEE_PER_KWH,
            fee_percentage=settings.HUB_FEE_PERCENTAGE,
            fee_minimum=settings.HUB_FEE_MINIMUM,
            fee_payer=settings.HUB_FEE_PAYER,
            fee_currency=settings.HUB_FEE_CURRENCY,
            changed_at=now,
        )

    # Queries

    @classmethod
    def get_in_force(cls, *, provider: str, consumer: str, at: datetime) -> Terms:
        """The pair's own at that moment, else those of the settings."""
        of_pair = cls.objects.filter(provider=provider, consumer=consumer, valid_from__lte=at)
        latest = of_pair.order_by("-valid_from", "-id").first()
        if latest is None or (latest.valid_until is not None and latest.valid_until <= at):
            return cls.by_default(provider=provider, consumer=consumer, now=at)
        return latest

    # Properties

    @property
    def payers(self) -> tuple[str, ...]:
        """Keys of the parties that the hub sends its fees to."""
        by_payer = {Payer.PROVIDER: (self.provider,), Payer.CONSUMER: (self.consumer,)}
        return by_payer.get(Payer(self.fee_payer), (self.provider, self.consumer))


class Company(models.Model):
    """Who is billed, or bills, as a party; the hub's own is under its own party. One company may be several parties."""

    party = models.CharField(max_length=5, unique=True, db_collation="C", validators=[check_party_key])
    legal_name = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=20)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2, validators=[check_country])
    vat_number = models.CharField(
        max_length=20,
        blank=True,
        default="",
        validators=[check_vat_number],
        help_text="With its country in front, as NL123456789B01. Only its form is checked.",
    )
    registration_number = models.CharField(max_length=50, blank=True, default="", help_text="In the trade register.")
    email = models.EmailField(blank=True, default="", help_text="Where invoices are sent.")
    language = models.CharField(
        max_length=2, choices=LANGUAGES, blank=True, default="", help_text="Of its invoices. Empty: its country's."
    )
    iban = models.CharField(max_length=42, blank=True, default="", validators=[check_iban], verbose_name="IBAN")
    bic = models.CharField(max_length=11, blank=True, default="", validators=[check_bic], verbose_name="BIC")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return f"{self.legal_name} ({PartyId.of_key(self.party)})"

    def clean(self) -> None:
        """Compact, as invoices need them. What has the wrong form its own field has told already."""
        for name, read in (("vat_number", read_vat_number), ("iban", read_iban), ("bic", read_bic)):
            if text := getattr(self, name):
                with suppress(InvalidVatNumber, InvalidAccount):
                    setattr(self, name, read(text))

    # Properties

    @property
    def is_hub(self) -> bool:
        return self.party == settings.HUB_PARTY.key
