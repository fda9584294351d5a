"""Lanes, dead letters and the call log over the management API."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from forwarding import resend as resending
from forwarding.lag import NO_LAG, get_lags
from forwarding.models import DeadLetter, Lane
from management.models import LogCall
from management.outcome import OUTCOME_IN_SQL, Outcome
from management.pages import LogPages, Pages
from management.problems import Conflict, Explaining, ProblemSerializer, Unavailable
from management.scopes import Scope
from management.serializers.traffic import (
    DeadLetterDetailSerializer,
    DeadLetterSerializer,
    LaneSerializer,
    LogCallSerializer,
)
from ocpi.calls import PartyId
from ocpi.errors import OcpiError

PROBLEMS = {code: ProblemSerializer for code in (401, 403, 404, 409, 503)}


class LaneViewSet(Explaining, viewsets.ReadOnlyModelViewSet[Lane]):
    """How far each platform has been told, and how far behind it is."""

    queryset = Lane.objects.select_related("platform").order_by("platform__name", "platform", "sublane")
    serializer_class = LaneSerializer
    pagination_class = Pages
    filterset_fields = ["platform", "needs_resync"]
    read_scope, write_scope = Scope.TRAFFIC_READ, Scope.TRAFFIC_WRITE

    def get_serializer_context(self) -> dict[str, Any]:
        is_documenting = getattr(self, "swagger_fake_view", False)
        lags = {} if is_documenting else get_lags()
        return {
            **super().get_serializer_context(),
            "get_lag": lambda lane: lags.get(lane.pk, NO_LAG),
            "now": timezone.now(),
        }

    @extend_schema(request=None, responses={200: LaneSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Send what waits now instead of at `retry_at`."""
        lane = self.get_object()
        Lane.objects.filter(pk=lane.pk).update(retry_at=None)
        return Response(self.get_serializer(self.get_object()).data)


class DeadLetterFilter(filters.FilterSet):
    state = filters.ChoiceFilter(
        choices=[("open", "open"), ("resent", "resent"), ("closed", "closed")], method="filter_state"
    )
    party = filters.CharFilter(method="filter_party", help_text='Receiver or sender, as "NL*CPO".')

    class Meta:
        model = DeadLetter
        fields = ["platform", "module", "correlation_id"]

    def filter_state(self, letters: QuerySet[DeadLetter], name: str, value: str) -> QuerySet[DeadLetter]:
        if value == "closed":
            return letters.filter(closed_at__isnull=False)
        return letters.filter(closed_at__isnull=True, resent_at__isnull=value == "open")

    def filter_party(self, letters: QuerySet[DeadLetter], name: str, value: str) -> QuerySet[DeadLetter]:
        key = read_party_key(value)
        return letters.filter(Q(receiver=key) | Q(sender=key))


class DeadLetterViewSet(
    Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DeadLetter]
):
    """What a receiver would not take: resend it when the cause is gone, or close it."""

    queryset = DeadLetter.objects.select_related("platform").order_by("-created_at", "-id")
    serializer_class = DeadLetterSerializer
    pagination_class = Pages
    filterset_class = DeadLetterFilter
    read_scope, write_scope = Scope.TRAFFIC_READ, Scope.TRAFFIC_WRITE

    def get_serializer_class(self) -> type[DeadLetterSerializer]:
        return DeadLetterSerializer if self.action == "list" else DeadLetterDetailSerializer

    @extend_schema(request=None, responses={200: DeadLetterDetailSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str) -> Response:
        """Send it once more to the receiver that would not take it."""
        letter = self._get_open()
        try:
            resending.resend(letter, now=timezone.now())
        except OcpiError as e:
            raise Unavailable(e.message) from e
        return Response(DeadLetterDetailSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: DeadLetterDetailSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Nothing is sent any more: somebody decided that it need not be."""
        letter = self._get_open()
        letter.closed_at = timezone.now()
        letter.save(update_fields=["closed_at"])
        return Response(DeadLetterDetailSerializer(letter).data)

    def _get_open(self) -> DeadLetter:
        letter: DeadLetter = self.get_object()
        if letter.closed_at is not None:
            raise Conflict(f"Dead letter {letter.pk} is closed.", what_to_do="Ask the owner to push the object again.")
        return letter


class LogCallFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Sender or receiver, as "NL*CPO".')
    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    status = filters.ChoiceFilter(
        choices=[(outcome.value, outcome.value) for outcome in Outcome], method="filter_status"
    )

    class Meta:
        model = LogCall
        fields = [
            "object_id",
            "request_id",
            "correlation_id",
            "platform",
            "leg",
            "module",
            "method",
            "status_code",
            "http_status",
        ]

    def filter_party(self, calls: QuerySet[LogCall], name: str, value: str) -> QuerySet[LogCall]:
        key = read_party_key(value)
        return calls.filter(Q(sender=key) | Q(receiver=key))

    def filter_status(self, calls: QuerySet[LogCall], name: str, value: str) -> QuerySet[LogCall]:
        return calls.annotate(ending=OUTCOME_IN_SQL).filter(ending=value)


# `from` is a word of Python, so the filter cannot be written as an attribute.
LogCallFilter.base_filters["from"] = LogCallFilter.base_filters.pop("since")


class LogCallViewSet(Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[LogCall]):
    """Every call in and out, newest first; never counted (`count` is null), no bodies."""

    queryset = LogCall.objects.all()
    serializer_class = LogCallSerializer
    pagination_class = LogPages
    filterset_class = LogCallFilter
    read_scope = Scope.TRAFFIC_READ


def read_party_key(text: str) -> str:
    """The key of "NL*CPO", from a filter called `party`."""
    try:
        return PartyId.of_text(text).key
    except ValueError as e:
        raise serializers.ValidationError({"party": [str(e)]}) from e
