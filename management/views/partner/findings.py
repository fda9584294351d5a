"""A partner's own findings: those about CDRs and sessions that its parties sent or are billed for."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import mixins, viewsets

from management.csv_export import CsvExport
from management.pages import Pages
from management.partner_auth import PartnerView
from management.partner_scopes import PartnerScope
from management.serializers.findings import FindingSerializer
from management.views.traffic import read_party_key
from reconciliation.models import Finding


class PartnerFindingFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Either side, as "NL*CPO".')
    cdr_id = filters.CharFilter(field_name="cdr_key", method="filter_key")
    session_id = filters.CharFilter(field_name="session_key", method="filter_key")
    opened_from = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte", help_text="From then on.")
    opened_to = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt", help_text="Before then.")

    class Meta:
        model = Finding
        fields = ["kind", "severity", "state"]

    def filter_party(self, findings: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        key = read_party_key(value)
        return findings.filter(Q(owner=key) | Q(token_owner=key))

    def filter_key(self, findings: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        return findings.filter(**{name: value.lower()})


class PartnerFindingViewSet(
    PartnerView, CsvExport, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Finding]
):
    """What differs between a session and what was billed for it, newest first."""

    queryset = Finding.objects.none()  # names the model for the documentation; see get_queryset
    serializer_class = FindingSerializer
    pagination_class = Pages
    filterset_class = PartnerFindingFilter
    lookup_value_regex = r"\d+"
    csv_name = "findings"
    read_scope, write_scope = PartnerScope.FINDINGS_READ, PartnerScope.FINDINGS_WRITE

    def get_queryset(self) -> QuerySet[Finding, Any]:
        return Finding.objects.for_parties(self.sides).order_by("-opened_at", "-id")
