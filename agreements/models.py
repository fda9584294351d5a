"""Who may talk to whom, about what, from when until when, and what happens when one of them is away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from ocpi.calls import Delivery, PartyId

# ROUTE-01: what is routed, and so can be agreed on.
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles")


class UnableToConclude(ValueError):
    """The terms of an agreement make no sense."""


class Agreement(models.Model):
    """Between two parties, named by country and party id, so that it outlives a change of platform (ROUTE-22).

    `provider` owns locations, tariffs, sessions and CDRs; `consumer` owns tokens and sends commands. Both directions of
    a module's traffic are covered. Validity is half-open; without `valid_until` it runs on.
    """

    provider_country = models.CharField(max_length=2)
    provider_party = models.CharField(max_length=3)
    consumer_country = models.CharField(max_length=2)
    consumer_party = models.CharField(max_length=3)
    modules = ArrayField(models.CharField(max_length=32))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    delivery = models.CharField(
        max_length=20,
        choices=[(Delivery.RELAY.value, "relay"), (Delivery.STORE_AND_FORWARD.value, "store and forward")],
        default=Delivery.RELAY,
    )
    delivery_by_module = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="agreement_dates_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["provider_country", "provider_party"], name="agreement_provider"),
            models.Index(fields=["consumer_country", "consumer_party"], name="agreement_consumer"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} – {self.consumer}"

    # Factories

    @classmethod
    def conclude(
        cls,
        *,
        provider: PartyId,
        consumer: PartyId,
        modules: Iterable[str],
        valid_from: datetime,
        valid_until: datetime | None = None,
        delivery: str = Delivery.RELAY,
        delivery_by_module: Mapping[str, str] | None = None,
        note: str = "",
        now: datetime,
    ) -> Agreement:
        """A new agreement, checked and saved. The parties need not be connected, nor planned, yet.

        Raises:
            UnableToConclude: something in it makes no sense; the message names it.
        """
        wanted = list(dict.fromkeys(modules))
        by_module = dict(delivery_by_module or {})
        _check_parties(provider, consumer)
        _check_terms(wanted, delivery=delivery, by_module=by_module)
        if valid_until is not None and valid_until < valid_from:
            raise UnableToConclude("valid_until is before valid_from")
        return cls.objects.create(
            provider_country=provider.country_code,
            provider_party=provider.party_id,
            consumer_country=consumer.country_code,
            consumer_party=consumer.party_id,
            modules=wanted,
            valid_from=valid_from,
            valid_until=valid_until,
            delivery=str(delivery),
            delivery_by_module={module: str(mode) for module, mode in by_module.items()},
            note=note,
            changed_at=now,
        )

    # Mutators

    def end(self, *, now: datetime) -> None:
        """Nothing passes from this moment on."""
        self.valid_until = max(now, self.valid_from)
        self.changed_at = now
        self.save(update_fields=["valid_until", "changed_at"])

    # Properties

    @property
    def provider(self) -> PartyId:
        return PartyId(self.provider_country, self.provider_party)

    @property
    def consumer(self) -> PartyId:
        return PartyId(self.consumer_country, self.consumer_party)


def _check_parties(provider: PartyId, consumer: PartyId) -> None:
    for name, party in (("provider", provider), ("consumer", consumer)):
        if not party.is_well_formed:
            raise UnableToConclude(f"{name}: {party} is not two letters of country and one to three letters or digits")
        if party == settings.HUB_PARTY:
            raise UnableToConclude(f"{name}: {party} is the hub itself")
    if provider == consumer:
        raise UnableToConclude("provider and consumer are the same party")


def _check_terms(modules: Sequence[str], *, delivery: str, by_module: Mapping[str, str]) -> None:
    if not modules:
        raise UnableToConclude("modules: name at least one")
    unknown = [module for module in modules if module not in MODULES]
    if unknown:
        raise UnableToConclude(f"modules: {', '.join(unknown)} unknown; there are {', '.join(MODULES)}")
    for mode in (delivery, *by_module.values()):
        if mode not in set(Delivery):
            raise UnableToConclude(f"delivery: {mode!r} is neither {' nor '.join(Delivery)}")
    strange = [module for module in by_module if module not in modules]
    if strange:
        raise UnableToConclude(f"delivery_by_module: {', '.join(strange)} is not among the agreement's modules")
