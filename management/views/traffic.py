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

from forwarding import lane_state
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
    LanesOrderSerializer,
    LogCallSerializer,
    PlatformLanesSerializer,
    ResendSerializer,
    ResentSerializer,
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
        lane_state.wake(Lane.objects.filter(pk=lane.pk))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={200: PlatformLanesSerializer(many=True), **PROBLEMS}, filters=False)
    @action(detail=False, pagination_class=None, filterset_fields=None)
    def platforms(self, request: Request) -> Response:
        """Each platform's lanes taken together: how far, what holds them up, and what waits at the head."""
        return Response(PlatformLanesSerializer(lane_state.get_platform_lanes(now=timezone.now()), many=True).data)

    @extend_schema(request=LanesOrderSerializer, responses={200: PlatformLanesSerializer, **PROBLEMS})
    @action(detail=False, methods=["post"])
    def pause(self, request: Request) -> Response:
        """Tell this platform nothing more until `resume`. Nothing that must be delivered is lost."""
        order, lanes = self._read_order(request)
        lane_state.pause(lanes, note=order["note"], now=timezone.now())
        return self._show(order)

    @extend_schema(request=LanesOrderSerializer, responses={200: PlatformLanesSerializer, **PROBLEMS})
    @action(detail=False, methods=["post"])
    def resume(self, request: Request) -> Response:
        """Go on where it was paused."""
        order, lanes = self._read_order(request)
        lane_state.resume(lanes)
        return self._show(order)

    @extend_schema(request=LanesOrderSerializer, responses={200: PlatformLanesSerializer, **PROBLEMS})
    @action(detail=False, methods=["post"])
    def wake(self, request: Request) -> Response:
        """Try now what waits for its time; one that is offline is asked at once whether it is back."""
        order, lanes = self._read_order(request)
        lane_state.wake(lanes)
        return self._show(order)

    def _read_order(self, request: Request) -> tuple[dict[str, Any], QuerySet[Lane]]:
        form = LanesOrderSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        lanes = Lane.objects.filter(platform=form.validated_data["platform"])
        if not lanes.exists():
            raise Conflict("This platform has no lanes.", what_to_do="It gets them when it registers.")
        return form.validated_data, lanes

    def _show(self, order: dict[str, Any]) -> Response:
        found = lane_state.get_platform_lanes(now=timezone.now(), platforms=[order["platform"].pk])
        return Response(PlatformLanesSerializer(found[0]).data)


class DeadLetterFilter(filters.FilterSet):
    state = filters.ChoiceFilter(
        choices=[("open", "open"), ("resent", "resent"), ("closed", "closed")], method="filter_state"
    )
    party = filters.CharFilter(method="filter_party", help_text='Receiver or sender, as "NL*CPO".')
    reason = filters.CharFilter(lookup_expr="icontains", help_text="A part of the reason.")

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
        if letter.resent_at is not None:
            raise Conflict(
                f"Dead letter {letter.pk} was resent at {letter.resent_at:%Y-%m-%d %H:%M:%S} UTC.",
                what_to_do="If it was refused again, there is a new letter: resend that one.",
            )
        try:
            resending.resend(letter, now=timezone.now())
        except OcpiError as e:
            raise Unavailable(e.message) from e
        return Response(DeadLetterDetailSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="dead_letters_resend_all",
        request=ResendSerializer,
        responses={200: ResentSerializer, **PROBLEMS},
    )
    @action(detail=False, methods=["post"], url_path="resend", url_name="resend-all")
    def resend_all(self, request: Request) -> Response:
        """Every open letter that fits, oldest first; what was accepted meanwhile is closed instead."""
        form = ResendSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        done = resending.resend_these(form.choose(), clock=timezone.now)
        return Response(ResentSerializer(done).data)

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
