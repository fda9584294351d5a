"""Disputes over the management API: staff reads along, writes, extends, decides."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from management.csv_export import CsvExport
from management.dispute_calls import DisputeFilter, find_subject
from management.models import StaffToken
from management.pages import Pages
from management.problems import Conflict, Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.disputes import (
    DecisionSerializer,
    DisputeDetailSerializer,
    DisputeSerializer,
    DisputesWatchedSerializer,
    ExtensionSerializer,
    StaffOpenDisputeSerializer,
    StaffTextSerializer,
)
from parties.side_names import Side
from reconciliation.dispute_states import Action, Outcome
from reconciliation.dispute_watch import watch
from reconciliation.disputes import Actor, act, extend, open_dispute
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Dispute

REFUSALS = {code: ProblemSerializer for code in (400, 401, 403, 404, 409)}
ANSWERS = {200: DisputeDetailSerializer, **REFUSALS}


class DisputeViewSet(Explaining, CsvExport, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dispute]):
    """Two partners argue about a bill. Newest first; one dispute comes with its conversation and evidence."""

    queryset = Dispute.objects.order_by("-opened_at", "-id")
    pagination_class = Pages
    filterset_class = DisputeFilter
    lookup_value_regex = r"\d+"
    csv_name = "disputes"
    read_scope, write_scope = Scope.FINDINGS_READ, Scope.FINDINGS_WRITE

    def get_serializer_class(self) -> type[DisputeSerializer]:
        return DisputeDetailSerializer if self.action == "retrieve" else DisputeSerializer

    @extend_schema(request=StaffOpenDisputeSerializer, responses={201: DisputeDetailSerializer, **REFUSALS})
    def create(self, request: Request) -> Response:
        """Contest a CDR on behalf of one side, or as the hub."""
        asked = StaffOpenDisputeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms, now = asked.validated_data, timezone.now()
        cdr, finding = find_subject(terms, sides=None)
        actor = Actor(Side(terms["side"]), get_name(request))
        try:
            dispute = open_dispute(cdr, actor=actor, reason=terms["reason"], now=now, finding=finding)
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(DisputeDetailSerializer(dispute).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: DisputesWatchedSerializer, **REFUSALS})
    @action(detail=False, methods=["post"], filterset_class=None)
    def run(self, request: Request) -> Response:
        """Look now for what time and new CDRs bring, instead of at the worker's next turn; safe beside the worker."""
        return Response(DisputesWatchedSerializer(watch(now=timezone.now())).data)

    @extend_schema(request=StaffTextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def message(self, request: Request, pk: str) -> Response:
        """Say something: both partners read it."""
        return self._act(request, Action.MESSAGE)

    @extend_schema(request=StaffTextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def escalate(self, request: Request, pk: str) -> Response:
        """Take it out of the partners' hands before the deadline."""
        return self._act(request, Action.ESCALATE)

    @extend_schema(request=StaffTextSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Give up what the hub itself has opened."""
        return self._act(request, Action.WITHDRAW)

    @extend_schema(request=DecisionSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """The last word, on an escalated dispute: the bill stands, or it falls and the CPO owes a credit CDR."""
        dispute = self.get_object()
        asked = DecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms = asked.validated_data
        actor, decided = Actor(Side.HUB, get_name(request)), Outcome(terms["outcome"])
        try:
            dispute = act(
                dispute.pk, Action.DECIDE, actor=actor, text=terms["text"], now=timezone.now(), decided=decided
            )
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(DisputeDetailSerializer(dispute).data)

    @extend_schema(request=ExtensionSerializer, responses=ANSWERS)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Another deadline."""
        dispute = self.get_object()
        asked = ExtensionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms, actor = asked.validated_data, Actor(Side.HUB, get_name(request))
        try:
            dispute = extend(dispute.pk, due_at=terms["due_at"], actor=actor, text=terms["text"], now=timezone.now())
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(DisputeDetailSerializer(dispute).data)

    def _act(self, request: Request, what: Action) -> Response:
        dispute = self.get_object()
        asked = StaffTextSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = Actor(Side.HUB, get_name(request))
        try:
            dispute = act(dispute.pk, what, actor=actor, text=asked.validated_data["text"], now=timezone.now())
        except NotAllowed as e:
            raise Conflict(str(e)) from e
        return Response(DisputeDetailSerializer(dispute).data)


def get_name(request: Request) -> str:
    """Of the person behind a staff token, else of the token."""
    token = request.auth
    if isinstance(token, StaffToken):
        return token.user.get_username() if token.user else token.name
    return ""
