"""By which thresholds a CDR is judged: the hub's, and before them those of the agreement it came under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models.functions import Upper

from agreements.models import Agreement
from cdrs.control import Thresholds
from cdrs.control.terms import NOTHING, as_text, digest, make_thresholds


def get_thresholds(terms: str = NOTHING) -> Thresholds:
    """`terms`: an agreement's, as JSON."""
    return make_thresholds(settings.HUB_CONTROL, terms)


def get_hub_policy() -> str:
    """With this the name of every policy begins."""
    return digest(settings.HUB_CONTROL)


@dataclass(frozen=True, slots=True)
class Policies:
    """Of all pairs of parties with terms of their own; loaded once for many CDRs."""

    agreements: Mapping[tuple[str, str], tuple[Agreement, ...]] = field(default_factory=dict)

    def get_thresholds(self, owner: str, token_owner: str, *, at: datetime) -> Thresholds:
        """Of the agreement under which a CDR passed at that moment; as in routing, the first that covers it."""
        for agreement in self.agreements.get((owner, token_owner), ()):
            begins = max(agreement.valid_from, agreement.created_at)
            if begins <= at and (agreement.valid_until is None or at < agreement.valid_until):
                return get_thresholds(as_text(agreement.cdr_control))
        return get_thresholds()


def load_policies() -> Policies:
    """One query, and a second where any agreement has terms."""
    special = {_pair(one) for one in _with_cdrs(Agreement.objects.exclude(cdr_control={}))}
    found: dict[tuple[str, str], tuple[Agreement, ...]] = {}
    if special:
        countries = {owner[:2].upper() for owner, _ in special}
        candidates = Agreement.objects.annotate(country=Upper("provider_country")).filter(country__in=countries)
        for agreement in _with_cdrs(candidates):
            if (pair := _pair(agreement)) in special:
                found[pair] = (*found.get(pair, ()), agreement)
    return Policies(found)


def get_effective_thresholds(owner: str, token_owner: str, *, at: datetime) -> Thresholds:
    """For one CDR; keys of parties, lower case."""
    return load_policies().get_thresholds(owner, token_owner, at=at)


def _with_cdrs(agreements: Any) -> Iterable[Agreement]:
    return agreements.filter(modules__contains=["cdrs"]).order_by("id")


def _pair(agreement: Agreement) -> tuple[str, str]:
    return agreement.provider.key, agreement.consumer.key
