"""Who may talk to whom, about what, from when until when, what happens when one is away; and who acts for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import F, Q, Value

from ocpi.calls import Delivery, PartyId
from parties.registry import get_module

# ROUTE-01: what is routed, and so can be agreed on.
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles")
MANDATE_MODULES = ("locations", "tariffs", "sessions", "cdrs")
LONGEST_COMMAND = 36
TURN = 0x0C71A6EE  # the number under which those that conclude agreements take turns


class UnableToConclude(ValueError):
    """The terms of an agreement make no sense."""


class AlreadyAgreed(UnableToConclude):
    """Another agreement says all of it already: ending one of the two would end nothing."""

    def __init__(self, known: Agreement) -> None:
        super().__init__(f"agreement {known.pk} says the same already, {known.when}")
        self.known = known


class AlreadyGranted(UnableToConclude):
    """Another mandate allows all of it already: ending one of the two would end nothing."""

    def __init__(self, known: Mandate) -> None:
        super().__init__(f"mandate {known.pk} allows the same already, {known.when}")


class UnableToEnd(ValueError):
    """It is over."""


class Dated(models.Model):
    """What holds from a moment until another: half-open, and never rewritten but for its end."""

    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        abstract = True

    # Mutators

    def end(self, *, now: datetime) -> None:
        """It allows nothing from this moment on.

        Raises:
            UnableToEnd: it is over; when it ended stays as it is.
        """
        until = max(now, self.valid_from)
        running = Q(valid_until=None) | Q(valid_until__gt=until)
        is_ended = type(self)._default_manager.filter(running, pk=self.pk).update(valid_until=until, changed_at=now)
        self.refresh_from_db()
        if not is_ended:
            raise UnableToEnd(f"It ended on {self.valid_until:%Y-%m-%d %H:%M:%S} UTC.")

    # Queries

    def is_over(self, *, now: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= max(now, self.valid_from)

    def _outlasts(self, other: Dated) -> bool:
        """It holds for all of the other's time."""
        if self.valid_until is not None and (other.valid_until is None or self.valid_until < other.valid_until):
            return False
        return self.valid_from <= other.valid_from

    # Properties

    @property
    def when(self) -> str:
        until = "until it is ended" if self.valid_until is None else f"until {self.valid_until:%Y-%m-%d %H:%M}"
        return f"from {self.valid_from:%Y-%m-%d %H:%M} {until} (UTC)"


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def of_pair(self, one: PartyId, other: PartyId) -> AgreementQuerySet:
        """Whichever of the two provides: calls pass under agreements of either direction."""
        return self.filter(_is_between(one, other) | _is_between(other, one))

    def in_force(self, *, now: datetime) -> AgreementQuerySet:
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now)


class Agreement(Dated):
    """Between two parties, named by country and party id, so that it outlives a change of platform (ROUTE-22).

    `provider` owns locations, tariffs, sessions and CDRs; `consumer` owns tokens and sends commands. Both directions of
    a module's traffic are covered. Validity is half-open; without `valid_until` it runs on.
    """

    provider_country = models.CharField(max_length=2)
    provider_party = models.CharField(max_length=3)
    consumer_country = models.CharField(max_length=2)
    consumer_party = models.CharField(max_length=3)
    modules = ArrayField(models.CharField(max_length=32))
    # Which commands the two may use; null: all of them (CMD-15).
    commands = ArrayField(models.CharField(max_length=LONGEST_COMMAND), null=True, blank=True)
    delivery = models.CharField(
        max_length=20,
        choices=[(Delivery.RELAY.value, "relay"), (Delivery.STORE_AND_FORWARD.value, "store and forward")],
        default=Delivery.RELAY,
    )
    delivery_by_module = models.JSONField(default=dict, blank=True)
    # What the two say about CDR control before the hub's own terms (cdrs/control/terms.py); {}: nothing.
    cdr_control = models.JSONField(default=dict, db_default=Value({}, models.JSONField()), blank=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AgreementQuerySet.as_manager()

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
        commands: Iterable[str] | None = None,
        cdr_control: Mapping[str, Any] | None = None,
        note: str = "",
        now: datetime,
    ) -> Agreement:
        """A new agreement, checked and saved. The parties need not be connected, nor planned, yet.

        Raises:
            AlreadyAgreed: one there is says the same for all that time.
            UnableToConclude: something in it makes no sense; the message names it.
        """
        wanted = list(dict.fromkeys(modules))
        by_module = dict(delivery_by_module or {})
        allowed = None if commands is None else list(dict.fromkeys(command.strip().upper() for command in commands))
        _check_parties(provider=provider, consumer=consumer)
        _check_terms(wanted, delivery=delivery, by_module=by_module)
        _check_commands(allowed, modules=wanted)
        control = _read_control(cdr_control or {}, modules=wanted)
        if valid_until is not None and valid_until < valid_from:
            raise UnableToConclude("valid_until is before valid_from")
        agreement = cls(
            provider_country=provider.country_code,
            provider_party=provider.party_id,
            consumer_country=consumer.country_code,
            consumer_party=consumer.party_id,
            modules=wanted,
            commands=allowed,
            valid_from=valid_from,
            valid_until=valid_until,
            delivery=str(delivery),
            delivery_by_module={module: str(mode) for module, mode in by_module.items()},
            cdr_control=control,
            note=note,
            changed_at=now,
        )
        with transaction.atomic():
            _take_turn()
            agreement._check_is_new()
            agreement.save()
        return agreement

    # Queries

    def _check_is_new(self) -> None:
        for known in Agreement.objects.of_pair(self.provider, self.consumer).order_by("id"):
            if known._covers(self):
                raise AlreadyAgreed(known)

    def _covers(self, other: Agreement) -> bool:
        """The same terms, for all of the other's time."""
        return self._outlasts(other) and self._terms == other._terms

    # Properties

    @property
    def provider(self) -> PartyId:
        return PartyId(self.provider_country, self.provider_party)

    @property
    def consumer(self) -> PartyId:
        return PartyId(self.consumer_country, self.consumer_party)

    @property
    def _terms(self) -> tuple[object, ...]:
        delivery = {module: str(self.delivery_by_module.get(module, self.delivery)) for module in self.modules}
        commands = None if self.commands is None else set(self.commands)
        return self.provider.key, self.consumer.key, delivery, commands, self.cdr_control


class Mandate(Dated):
    """`agent` acts for `principal`: entered by staff on the principal's word, dated like an agreement (half-open).

    Locations and tariffs: the agent, a NAP, may push the principal's (LOC-19, TRANS-35). Sessions: those of the
    principal's tokens may be sent to the agent, by the CPO (SESS-07) and by the principal itself (SESS-17). CDRs: those
    of the principal's tokens may be sent to the agent (CDR-09). It replaces no agreement: sender and receiver of each
    call need one as ever (ROUTE-22).
    """

    agent_country = models.CharField(max_length=2)
    agent_party = models.CharField(max_length=3)
    principal_country = models.CharField(max_length=2)
    principal_party = models.CharField(max_length=3)
    modules = ArrayField(models.CharField(max_length=32))
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="mandate_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent} for {self.principal}"

    # Factories

    @classmethod
    def grant(
        cls,
        *,
        agent: PartyId,
        principal: PartyId,
        modules: Iterable[str],
        valid_from: datetime,
        valid_until: datetime | None = None,
        note: str = "",
        now: datetime,
    ) -> Mandate:
        """A new mandate, checked and saved. The parties need not be connected yet.

        Raises:
            AlreadyGranted: one there is allows all of it for all that time.
            UnableToConclude: something in it makes no sense; the message names it.
        """
        wanted = list(dict.fromkeys(modules))
        _check_parties(agent=agent, principal=principal)
        unknown = [module for module in wanted if module not in MANDATE_MODULES]
        if unknown or not wanted:
            raise UnableToConclude(
                f"modules: {', '.join(unknown) or 'none'}; a mandate is for {', '.join(MANDATE_MODULES)}"
            )
        if valid_until is not None and valid_until < valid_from:
            raise UnableToConclude("valid_until is before valid_from")
        mandate = cls(
            agent_country=agent.country_code,
            agent_party=agent.party_id,
            principal_country=principal.country_code,
            principal_party=principal.party_id,
            modules=wanted,
            valid_from=valid_from,
            valid_until=valid_until,
            note=note,
            changed_at=now,
        )
        with transaction.atomic():
            _take_turn()
            mandate._check_is_new()
            mandate.save()
        return mandate

    # Queries

    def _check_is_new(self) -> None:
        agents = Mandate.objects.filter(agent_country__iexact=self.agent_country, agent_party__iexact=self.agent_party)
        for known in agents.order_by("id"):
            same_modules = set(self.modules) <= set(known.modules)
            if known.principal == self.principal and same_modules and known._outlasts(self):
                raise AlreadyGranted(known)

    # Properties

    @property
    def agent(self) -> PartyId:
        return PartyId(self.agent_country, self.agent_party)

    @property
    def principal(self) -> PartyId:
        return PartyId(self.principal_country, self.principal_party)


def is_promised(party: PartyId) -> bool:
    """An agreement names it, be it over: nobody takes this party by merely coming first (AMB-41)."""
    provider = Q(provider_country__iexact=party.country_code, provider_party__iexact=party.party_id)
    consumer = Q(consumer_country__iexact=party.country_code, consumer_party__iexact=party.party_id)
    return Agreement.objects.filter(provider | consumer).exists()


def _take_turn() -> None:
    """Of two that conclude the same at once, the second sees the first. One turn for all pairs: two imports that name
    the same pairs in another order would lock each other out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])


def _is_between(provider: PartyId, consumer: PartyId) -> Q:
    return Q(
        provider_country__iexact=provider.country_code,
        provider_party__iexact=provider.party_id,
        consumer_country__iexact=consumer.country_code,
        consumer_party__iexact=consumer.party_id,
    )


def _check_parties(**parties: PartyId) -> None:
    """Two of them, by what they are called."""
    for name, party in parties.items():
        if not party.is_well_formed:
            raise UnableToConclude(f"{name}: {party} is not two letters of country and one to three letters or digits")
        if party == settings.HUB_PARTY:
            raise UnableToConclude(f"{name}: {party} is the hub itself")
    if len(set(parties.values())) < len(parties):
        raise UnableToConclude(f"{' and '.join(parties)} are the same party")


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


def _check_commands(commands: Sequence[str] | None, *, modules: Sequence[str]) -> None:
    if commands is None:
        return
    if "commands" not in modules:
        raise UnableToConclude("commands: the module commands is not among the agreement's modules")
    if not commands:
        raise UnableToConclude("commands: name at least one, or leave the module commands out")
    for command in commands:
        if not command or len(command) > LONGEST_COMMAND or not command.replace("_", "").replace("-", "").isalnum():
            raise UnableToConclude(f"commands: {command!r} is not the name of a command")


def _read_control(document: Mapping[str, Any], *, modules: Sequence[str]) -> dict[str, Any]:
    if not document:
        return {}
    if "cdrs" not in modules:
        raise UnableToConclude("cdr_control: the module cdrs is not among the agreement's modules")
    try:
        return get_module("cdrs").read_terms(document)
    except ValueError as e:
        raise UnableToConclude(f"cdr_control: {e}") from e
