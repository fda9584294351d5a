"""A partner's own findings: those about CDRs and sessions that its parties sent or are billed for."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from management.csv_export import CsvExport
from management.dispute_calls import choose_side, find_subject
from management.pages import Pages
from management.partner_auth import PartnerView
from management.partner_scopes import PartnerScope
from management.problems import Conflict, ProblemSerializer
from management.serializers.disputes import NoteSerializer
from management.serializers.findings import FindingSerializer
from management.serializers.partner_views import (
    PartnerDisputeDetailSerializer,
    PartnerFindingDetailSerializer,
    PartnerFindingSerializer,
)
from management.views.traffic import read_party_key
from parties.side_names import Side
from reconciliation.disputes import Actor, open_dispute
from reconciliation.finding_life import NotAllowed, get_bearer
from reconciliation.models import Finding, State

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404, 409)}
ANSWERS = {200: PartnerFindingDetailSerializer, **PROBLEMS}


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


class PartnerFindingViewSet(PartnerView, CsvExport, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Finding]):
    """What differs between a session and what was billed for it, newest first."""

    queryset = Finding.objects.none()  # names the model for the documentation; see get_queryset
    pagination_class = Pages
    filterset_class = PartnerFindingFilter
    lookup_value_regex = r"\d+"
    csv_name = "findings"
    read_scope, write_scope = PartnerScope.FINDINGS_READ, PartnerScope.FINDINGS_WRITE
    action_scopes = {"dispute": (PartnerScope.FINDINGS_WRITE, PartnerScope.DISPUTES_WRITE)}

    def get_queryset(self) -> QuerySet[Finding, Any]:
        return Finding.objects.for_parties(self.sides).order_by("-opened_at", "-id")

    def get_serializer_class(self) -> type[FindingSerializer]:
        return PartnerFindingSerializer if self.action == "list" else PartnerFindingDetailSerializer

    @extend_schema(request=NoteSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def explain(self, request: Request, pk: str) -> Response:
        """Say how it came about. The finding stays open until the other side accepts it or the hub closes it."""
        finding, side, note = self._read(request)
        finding.explain(note=note, now=timezone.now(), side=side, by=self.token.name)
        return Response(self.get_serializer(finding).data)

    @extend_schema(request=NoteSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take it as it is. Only who bears the cost can: the eMSP of a CDR, the CPO of a session without one."""
        finding, side, note = self._read(request)
        bearer = get_bearer(cdr_key=finding.cdr_key)
        if side is not bearer:
            raise Conflict(
                f"Only the {bearer.label} can accept this finding, as it bears the cost.",
                what_to_do="Explain the finding, so that the other side can accept it.",
            )
        try:
            finding.judge(State.ACCEPTED, note=note, now=timezone.now(), side=side, by=self.token.name)
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(self.get_serializer(finding).data)

    @extend_schema(request=NoteSerializer, responses={201: PartnerDisputeDetailSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def dispute(self, request: Request, pk: str) -> Response:
        """Open a dispute about the CDR from this finding; the note is its reason. Answers with the dispute."""
        finding, side, note = self._read(request)
        cdr, _ = find_subject({"finding": finding.pk}, sides=self.sides)
        actor = Actor(side, self.token.name)
        try:
            dispute = open_dispute(cdr, actor=actor, reason=note, now=timezone.now(), finding=finding)
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(
            PartnerDisputeDetailSerializer(dispute, context=self.get_serializer_context()).data,
            status=status.HTTP_201_CREATED,
        )

    def _read(self, request: Request) -> tuple[Finding, Side, str]:
        finding = self.get_object()
        asked = NoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        side = choose_side(self.sides, of=finding, asked=asked.validated_data.get("side"))
        return finding, side, asked.validated_data["note"]
