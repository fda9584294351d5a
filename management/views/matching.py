"""When CDRs are due, and lists of receivers compared with what was sent, over the management API."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from management.pages import Pages
from management.problems import Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.matching import ClockSerializer, ComparedSerializer, NewClockSerializer, PeriodSerializer
from management.views.agreements import CsvParser, get_text
from reconciliation.models import CdrClock
from reconciliation.receiver_csv import ListRefused, parse
from reconciliation.receiver_list import compare_list

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403)}
CSV_EXAMPLE = """owner,id,total_cost,currency,total_energy
NL*CPO,C1,4.20,EUR,12.345
"""


class CdrClockViewSet(
    Explaining,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[CdrClock],
):
    """How long after a session's end the CDR of a CPO is due, where it is not the hub's HUB_CDR_DUE."""

    queryset = CdrClock.objects.order_by("owner")
    serializer_class = ClockSerializer
    pagination_class = Pages
    read_scope, write_scope = Scope.FINDINGS_READ, Scope.FINDINGS_WRITE

    @extend_schema(request=NewClockSerializer, responses={200: ClockSerializer, **PROBLEMS})
    def create(self, request: Request) -> Response:
        """Set the clock of one CPO, or set it anew."""
        asked = NewClockSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        due_after = timedelta(seconds=told["due_after_seconds"])
        clock = CdrClock.set(
            told["party"], due_after=due_after, pulls_per_day=told["pulls_per_day"], now=timezone.now()
        )
        return Response(ClockSerializer(clock).data)


class CompareListView(Explaining):
    """What an eMSP has in its books, beside what its CPOs sent through the hub."""

    parser_classes = [CsvParser]
    write_scope = Scope.FINDINGS_WRITE

    @extend_schema(
        operation_id="findings_compare_list",
        parameters=[PeriodSerializer],
        request=OpenApiRequest(OpenApiTypes.STR, examples=[OpenApiExample("one CDR", value=CSV_EXAMPLE)]),
        responses={200: ComparedSerializer, **PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """The list as CSV in the body: each difference is a finding; what a later list has right is closed."""
        period = PeriodSerializer(data=request.query_params.dict())
        period.is_valid(raise_exception=True)
        told = period.validated_data
        try:
            listed = parse(get_text(request))
        except ListRefused as e:
            raise serializers.ValidationError({f"line {line}": [text] for line, text in e.by_line.items()}) from e
        compared = compare_list(
            listed, receiver=told["receiver"].key, since=told["date_from"], until=told["date_to"], now=timezone.now()
        )
        return Response(ComparedSerializer(compared).data, status=status.HTTP_200_OK)
