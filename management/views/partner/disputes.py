"""A partner's disputes: the bills of its parties that one side contests."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from management.csv_export import CsvExport
from management.dispute_calls import DisputeFilter, choose_side, find_subject
from management.pages import Pages
from management.partner_auth import PartnerView
from management.partner_scopes import PartnerScope
from management.problems import Conflict, ProblemSerializer
from management.serializers.disputes import (
    DisputeSerializer,
    OpenDisputeSerializer,
    OptionalTextSerializer,
    TextSerializer,
)
from management.serializers.partner_views import PartnerDisputeDetailSerializer
from management.serializers.strict import StrictSerializer
from reconciliation.dispute_states import Action
from reconciliation.disputes import Actor, act, open_dispute
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Dispute

ANSWERS = {200: PartnerDisputeDetailSerializer, **{code: ProblemSerializer for code in (400, 401, 403, 404, 409)}}
OPENED = {201: PartnerDisputeDetailSerializer, **{code: ProblemSerializer for code in (400, 401, 403, 404, 409)}}


class PartnerDisputeViewSet(PartnerView, CsvExport, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dispute]):
    """Newest first. One dispute comes with its conversation and the evidence as it was when it was opened."""

    queryset = Dispute.objects.none()  # names the model for the documentation; see get_queryset
    pagination_class = Pages
    filterset_class = DisputeFilter
    lookup_value_regex = r"\d+"
    csv_name = "disputes"
    read_scope, write_scope = PartnerScope.DISPUTES_READ, PartnerScope.DISPUTES_WRITE

    def get_queryset(self) -> QuerySet[Dispute, Any]:
        return Dispute.objects.for_parties(self.sides).order_by("-opened_at", "-id")

    def get_serializer_class(self) -> type[DisputeSerializer]:
        return DisputeSerializer if self.action == "list" else PartnerDisputeDetailSerializer

    @extend_schema(request=OpenDisputeSerializer, responses=OPENED)
    def create(self, request: Request) -> Response:
        """Contest a CDR of one of your parties, or to one: from a finding, or by hand."""
        asked = OpenDisputeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms = asked.validated_data
        cdr, finding = find_subject(terms, sides=self.sides)
        actor = Actor(choose_side(self.sides, of=cdr, asked=terms.get("side")), self.token.name)
        try:
            dispute = open_dispute(cdr, actor=actor, reason=terms["reason"], now=timezone.now(), finding=finding)
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(self.get_serializer(dispute).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=TextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def message(self, request: Request, pk: str) -> Response:
        """Say something: the other side and the hub read it."""
        return self._act(request, Action.MESSAGE, TextSerializer)

    @extend_schema(request=OptionalTextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Give in, as the challenged side: the CPO owes a credit CDR then, or the eMSP takes the bill as it is."""
        return self._act(request, Action.ACCEPT, OptionalTextSerializer)

    @extend_schema(request=OptionalTextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Give up, as the side that opened it. It cannot be opened again."""
        return self._act(request, Action.WITHDRAW, OptionalTextSerializer)

    @extend_schema(request=TextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def escalate(self, request: Request, pk: str) -> Response:
        """Ask the hub to decide before the deadline. Its decision is final."""
        return self._act(request, Action.ESCALATE, TextSerializer)

    def _act(self, request: Request, what: Action, serializer: type[StrictSerializer]) -> Response:
        dispute = self.get_object()
        asked = serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms = asked.validated_data
        actor = Actor(choose_side(self.sides, of=dispute, asked=terms.get("side")), self.token.name)
        try:
            dispute = act(dispute.pk, what, actor=actor, text=terms["text"], now=timezone.now())
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(self.get_serializer(dispute).data)
