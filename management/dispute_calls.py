"""From what the two dispute APIs are asked to calls of `reconciliation.disputes`. The rules live there."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from cdrs.models import Cdr
from management.problems import Conflict
from management.views.traffic import read_party_key
from ocpi.calls import PartyId
from parties.side_names import Side
from parties.sides import Sides
from reconciliation.models import Dispute, Finding

NO_CDR = "The hub holds no such CDR of your parties."


class DisputeFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Either side, as "NL*CPO".')
    cdr_id = filters.CharFilter(method="filter_cdr")
    opened_from = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte", help_text="From then on.")
    opened_to = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt", help_text="Before then.")

    class Meta:
        model = Dispute
        fields = ["state", "outcome", "is_holding", "opener"]

    def filter_party(self, disputes: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        key = read_party_key(value)
        return disputes.filter(Q(owner=key) | Q(token_owner=key))

    def filter_cdr(self, disputes: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        return disputes.filter(cdr_key=value.lower())


def choose_side(sides: Sides, *, of: Dispute | Cdr | Finding, asked: str | None) -> Side:
    """The side on which the caller acts.

    Raises:
        ValidationError: it stands on both and did not say which, or not on the one it said.
    """
    own = sides.get_sides(owner=of.owner, token_owner=of.token_owner)
    if asked is not None and Side(asked) not in own:
        raise serializers.ValidationError({"side": [f"Your parties are not the {Side(asked).label} of this bill."]})
    if asked is None and len(own) != 1:
        raise serializers.ValidationError({"side": ["Your parties stand on both sides of this bill: say which."]})
    return Side(asked) if asked is not None else own[0]


def find_subject(asked: dict[str, Any], *, sides: Sides | None) -> tuple[Cdr, Finding | None]:
    """The CDR, and the finding it was named by. `sides` None: staff, who see all.

    Raises:
        NotFound: there is none, or none of the caller's.
        Conflict: the finding is about a session without a CDR.
    """
    finding = None
    cdrs = Cdr.objects.filter(audience="", deleted_at__isnull=True)
    if sides is not None:
        cdrs = cdrs.filter(sides.match())
    if "finding" in asked:
        findings = Finding.objects.all() if sides is None else Finding.objects.for_parties(sides)
        finding = findings.filter(pk=asked["finding"]).first()
        if finding is None:
            raise NotFound("There is no such finding.")
        if not finding.cdr_key:
            raise Conflict("This finding is about a session without a CDR.", what_to_do="Explain or accept it instead.")
        cdr = cdrs.filter(owner=finding.owner, object_key=finding.cdr_key).first()
    else:
        key = _read_owner(asked["owner"])
        cdr = cdrs.filter(owner=key, object_key=asked["cdr_id"].lower()).first()
    if cdr is None:
        raise NotFound(NO_CDR)
    return cdr, finding


def _read_owner(text: str) -> str:
    try:
        return PartyId.of_text(text).key
    except ValueError as e:
        raise serializers.ValidationError({"owner": [str(e)]}) from e
