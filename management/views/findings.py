"""Findings and reconciliation over the management API."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from management.pages import Pages
from management.problems import Conflict, Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.findings import (
    FindingDetailSerializer,
    FindingSerializer,
    JudgementSerializer,
    RanSerializer,
    RunSerializer,
    SummarySerializer,
)
from management.views.disputes import get_name
from management.views.traffic import read_party_key
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Finding, State
from reconciliation.position import start_over
from reconciliation.rate import rate_pending
from reconciliation.reconcile import reconcile_pending
from reconciliation.summary import summary
from reconciliation.unbilled import find_sessions_without_cdr

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 409)}


class FindingFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='CPO or eMSP, as "NL*CPO".')
    cdr_id = filters.CharFilter(field_name="cdr_key", method="filter_key")
    session_id = filters.CharFilter(field_name="session_key", method="filter_key")

    class Meta:
        model = Finding
        fields = ["kind", "severity", "state"]

    def filter_party(self, findings: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        key = read_party_key(value)
        return findings.filter(Q(owner=key) | Q(token_owner=key))

    def filter_key(self, findings: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        return findings.filter(**{name: value.lower()})


class FindingViewSet(Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Finding]):
    """What differs between a session and what was billed for it."""

    queryset = Finding.objects.order_by("-opened_at", "-id")
    pagination_class = Pages
    filterset_class = FindingFilter
    read_scope, write_scope = Scope.FINDINGS_READ, Scope.FINDINGS_WRITE

    def get_serializer_class(self) -> type[FindingSerializer]:
        return FindingSerializer if self.action == "list" else FindingDetailSerializer

    @extend_schema(
        request=JudgementSerializer, responses={200: FindingDetailSerializer, 409: ProblemSerializer, **PROBLEMS}
    )
    @action(detail=True, methods=["post"])
    def judge(self, request: Request, pk: str) -> Response:
        """What people decided about it; the documents themselves stay as they are."""
        finding = self.get_object()
        asked = JudgementSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            finding.judge(
                State(asked.validated_data["state"]),
                note=asked.validated_data.get("note", finding.note),
                now=timezone.now(),
                by=get_name(request),
            )
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(FindingDetailSerializer(finding).data)


class ReconciliationView(Explaining):
    """How much is reconciled, and for whom."""

    read_scope = Scope.FINDINGS_READ

    @extend_schema(responses={200: SummarySerializer, 401: ProblemSerializer, 403: ProblemSerializer})
    def get(self, request: Request) -> Response:
        """Totals, and by party."""
        return Response(SummarySerializer(summary(now=timezone.now())).data)


class ReconciliationRunView(Explaining):
    """Now instead of at the worker's next turn; safe beside the worker."""

    write_scope = Scope.FINDINGS_WRITE

    @extend_schema(request=RunSerializer, responses={200: RanSerializer, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Compare and judge all waiting CDRs; with `older_than_seconds` also look for sessions that never got one."""
        asked = RunSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if asked.validated_data["from_beginning"]:
            start_over()
        now = timezone.now()
        seconds = asked.validated_data.get("older_than_seconds")
        older_than = None if seconds is None else timedelta(seconds=seconds)
        reconciled = reconcile_pending(now=now, undelivered_after=older_than)
        rate_pending(now=now)
        found = None if older_than is None else find_sessions_without_cdr(now=now, older_than=older_than)
        return Response(RanSerializer({"reconciled": reconciled, "sessions_without_cdr": found}).data)
