"""Statements, what they rest on, and closing, over the management API."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from management.csv_export import CHUNK, CsvExport, stream_csv, write_lines
from management.pages import Pages
from management.problems import Explaining, ProblemSerializer
from management.query import check_parameters, filter_rows, get_page_names, name_filters
from management.scopes import Scope
from management.serializers.settlement import (
    CompanySerializer,
    ExchangeRateSerializer,
    FeeLineSerializer,
    LineSerializer,
    NettingSerializer,
    SettlementRanSerializer,
    SettlementRunSerializer,
    StatementSerializer,
    TermsSerializer,
    VatRateSerializer,
)
from management.views.traffic import read_party_key
from settlement.debts import get_nettings
from settlement.due import settle
from settlement.models import (
    Company,
    ExchangeRate,
    FeeLine,
    Line,
    Statement,
    StatementQuerySet,
    Terms,
    VatRate,
)
from settlement.render import write_csv, write_json
from settlement.statement import Kind

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404)}


class StatementFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Seller or buyer, as "NL*CPO".')
    seller = filters.CharFilter(method="filter_key")
    buyer = filters.CharFilter(method="filter_key")
    last_day = filters.DateFromToRangeFilter(help_text="last_day_after, last_day_before: both included.")
    is_correcting = filters.BooleanFilter(field_name="correction_count", lookup_expr="gt", method="filter_correcting")

    class Meta:
        model = Statement
        fields = ["reference", "kind", "country", "currency", "vat_treatment"]

    def filter_party(self, statements: QuerySet[Statement], name: str, value: str) -> QuerySet[Statement]:
        key = read_party_key(value)
        return statements.filter(Q(seller=key) | Q(buyer=key))

    def filter_key(self, statements: QuerySet[Statement], name: str, value: str) -> QuerySet[Statement]:
        return statements.filter(**{name: read_party_key(value)})

    def filter_correcting(self, statements: QuerySet[Statement], name: str, value: bool) -> QuerySet[Statement]:
        return statements.filter(correction_count__gt=0) if value else statements.filter(correction_count=0)


class LineFilter(filters.FilterSet):
    cdr_id = filters.CharFilter(field_name="cdr_id_text", lookup_expr="iexact")
    session_id = filters.CharFilter(field_name="session_key", method="filter_lower")

    class Meta:
        model = Line
        fields = ["kind", "is_credit", "is_vat_plausible", "vat_category"]

    def filter_lower(self, lines: QuerySet[Line], name: str, value: str) -> QuerySet[Line]:
        return lines.filter(**{name: value.lower()})


class ReadsStatements(Explaining, CsvExport, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Statement]):
    """What staff and partners do alike; which statements there are, `get_queryset` says."""

    serializer_class = StatementSerializer
    pagination_class = Pages
    filterset_class = StatementFilter
    lookup_value_regex = r"\d+"
    csv_name = "statements"

    @extend_schema(responses={200: LineSerializer(many=True), **PROBLEMS}, filters=True)
    @action(detail=True, filterset_class=None, parameters=[*name_filters(LineFilter)])
    def lines(self, request: Request, pk: str) -> HttpResponseBase:
        """Line by line, in order; lines of fees have no filters. Also as CSV, filtered: `?format=csv`."""
        statement = self.get_object()
        rows, serializer = _get_lines(statement, request)
        if getattr(request.accepted_renderer, "format", "") == "csv":
            return stream_csv(_write(rows, serializer), name=f"{statement}-lines")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page, many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, **PROBLEMS})
    @action(detail=True, url_path="csv", filterset_class=None)
    def as_csv(self, request: Request, pk: str) -> HttpResponse:
        """All lines as CSV: the bytes that `csv_sha256` is of."""
        statement = self.get_object()
        return _attach(b"".join(write_csv(statement)), kind="text/csv", name=f"{statement}.csv")

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT, **PROBLEMS})
    @action(detail=True, url_path="json", filterset_class=None)
    def as_json(self, request: Request, pk: str) -> HttpResponse:
        """Statement and lines as one JSON object: the bytes that `json_sha256` is of."""
        statement = self.get_object()
        return _attach(b"".join(write_json(statement)), kind="application/json", name=f"{statement}.json")


class StatementViewSet(ReadsStatements):
    """Closed statements: of CDRs from CPO to eMSP, and of the hub's fees."""

    queryset = Statement.objects.closed().order_by("-last_day", "reference")
    read_scope = Scope.SETTLEMENT_READ


class ReadsNettings(Explaining):
    """The same for staff and partners; of which statements, `get_statements` says."""

    parameters = [*name_filters(StatementFilter)]

    @extend_schema(
        parameters=[OpenApiParameter("party"), OpenApiParameter("last_day_after"), OpenApiParameter("last_day_before")],
        responses={200: NettingSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """By period, pair and currency, of the statements that the filters leave."""
        statements = filter_rows(self.get_statements(), StatementFilter, request=request)
        return Response(NettingSerializer(get_nettings(statements), many=True).data)

    def get_statements(self) -> StatementQuerySet:
        raise NotImplementedError


class NettingsView(ReadsNettings):
    """What two parties owe each other, set off."""

    read_scope = Scope.SETTLEMENT_READ

    def get_statements(self) -> StatementQuerySet:
        return Statement.objects.closed()


class SettlementRunView(Explaining):
    """Now instead of at the worker's next turn; safe beside the worker."""

    write_scope = Scope.SETTLEMENT_WRITE

    @extend_schema(request=SettlementRunSerializer, responses={200: SettlementRanSerializer, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Close all periods that are over, of one pair or of all."""
        asked = SettlementRunSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        now = timezone.now()
        report = settle(
            [(wanted["provider"], wanted["consumer"])] if "provider" in wanted else None,
            until=min(wanted.get("until", now), now),
            dry_run=wanted["dry_run"],
            now=now,
        )
        return Response(SettlementRanSerializer(report).data)


class TermsFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Either side, as "NL*CPO".')

    def filter_party(self, terms: QuerySet[Terms], name: str, value: str) -> QuerySet[Terms]:
        key = read_party_key(value)
        return terms.filter(Q(provider=key) | Q(consumer=key))


class TermsViewSet(
    Explaining,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    viewsets.GenericViewSet[Terms],
):
    """How pairs settle. None is rewritten: new terms have a later `valid_from`. Without terms, the settings' hold."""

    queryset = Terms.objects.order_by("provider", "consumer", "valid_from")
    serializer_class = TermsSerializer
    pagination_class = Pages
    filterset_class = TermsFilter
    read_scope, write_scope = Scope.SETTLEMENT_READ, Scope.SETTLEMENT_WRITE


class CompanyViewSet(
    Explaining,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Company],
):
    """Who is billed, or bills, as a party. A closed statement keeps the company as it was."""

    queryset = Company.objects.order_by("party")
    serializer_class = CompanySerializer
    pagination_class = Pages
    filterset_fields = ["country"]
    read_scope, write_scope = Scope.SETTLEMENT_READ, Scope.SETTLEMENT_WRITE


class VatRateViewSet(
    Explaining,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[VatRate],
):
    """Standard rates by country and day: for the hub's fees, and to see whether stated VAT can be right."""

    queryset = VatRate.objects.order_by("country", "valid_from")
    serializer_class = VatRateSerializer
    pagination_class = Pages
    filterset_fields = ["country"]
    read_scope, write_scope = Scope.SETTLEMENT_READ, Scope.SETTLEMENT_WRITE


class ExchangeRateViewSet(Explaining, mixins.ListModelMixin, viewsets.GenericViewSet[ExchangeRate]):
    """The ECB's rates, as `manage.py import_rates` stored them."""

    queryset = ExchangeRate.objects.order_by("-date", "currency")
    serializer_class = ExchangeRateSerializer
    pagination_class = Pages
    filterset_fields = ["currency", "date"]
    read_scope = Scope.SETTLEMENT_READ


def _get_lines(statement: Statement, request: Request) -> tuple[QuerySet[Any], type[Any]]:
    if statement.kind == Kind.FEE:
        check_parameters(request, known=get_page_names(ReadsStatements))
        return FeeLine.objects.filter(statement=statement).order_by("position"), FeeLineSerializer
    lines = Line.objects.filter(statement=statement).select_related("statement", "corrects").order_by("position")
    return filter_rows(lines, LineFilter, request=request), LineSerializer


def _write(rows: QuerySet[Any], serializer: type[Any]) -> Iterator[str]:
    names = list(serializer().fields)
    yield write_lines([names])
    remaining = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(remaining, CHUNK)):
        yield write_lines([[row[name] for name in names] for row in serializer(chunk, many=True).data])


def _attach(content: bytes, *, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
