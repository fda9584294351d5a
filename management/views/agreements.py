"""Agreements over the management API: enter, import, end. Nothing is ever deleted or rewritten."""

from __future__ import annotations

from typing import IO, Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from agreements.doubts import get_doubts_of_all
from agreements.imports import ImportRefused, import_agreements
from agreements.models import Agreement, AlreadyAgreed, UnableToEnd
from management.pages import Pages
from management.parsers import BodyParser
from management.problems import Conflict, Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.agreements import (
    AgreementDetailSerializer,
    AgreementSerializer,
    ImportedSerializer,
    NewAgreementSerializer,
)
from management.views.traffic import read_party_key

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404, 409)}
CSV_EXAMPLE = """provider,consumer,modules,valid_from,valid_until,delivery
NL*CPO,FR*MSP,locations tariffs tokens sessions cdrs,2026-12-01T00:00:00Z,,relay
"""


class CsvParser(BaseParser):
    media_type = "text/csv"

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        """The text as it came; spreadsheet programs put a byte order mark in front."""
        try:
            return str(stream.read().decode("utf-8-sig"))
        except UnicodeDecodeError as e:
            raise serializers.ValidationError("the file is not UTF-8: save it as 'CSV UTF-8'") from e


def get_text(request: Request) -> str:
    """Of a file; of an empty one nothing is asked of its parser."""
    return request.data if isinstance(request.data, str) else ""


class AgreementFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Either side, as "NL*CPO".')
    in_force = filters.BooleanFilter(method="filter_in_force")

    class Meta:
        model = Agreement
        fields = ["delivery"]

    def filter_party(self, agreements: QuerySet[Agreement], name: str, value: str) -> QuerySet[Agreement]:
        key = read_party_key(value)
        return agreements.filter(
            Q(provider_country__iexact=key[:2], provider_party__iexact=key[2:])
            | Q(consumer_country__iexact=key[:2], consumer_party__iexact=key[2:])
        )

    def filter_in_force(self, agreements: QuerySet[Agreement], name: str, value: bool) -> QuerySet[Agreement]:
        now = timezone.now()
        holds = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
        return agreements.filter(holds if value else ~holds)


class AgreementViewSet(
    Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Agreement]
):
    """Who exchanges what with whom, from when until when."""

    queryset = Agreement.objects.order_by("id")
    serializer_class = AgreementSerializer
    pagination_class = Pages
    filterset_class = AgreementFilter
    parser_classes = [BodyParser]
    read_scope, write_scope = Scope.AGREEMENTS_READ, Scope.AGREEMENTS_WRITE

    def get_serializer_class(self) -> type[AgreementSerializer]:
        return AgreementSerializer if self.action == "list" else AgreementDetailSerializer

    @extend_schema(request=NewAgreementSerializer, responses={201: AgreementDetailSerializer, **PROBLEMS})
    def create(self, request: Request) -> Response:
        """A new agreement; what it allows passes from its `valid_from` on, not before it was entered."""
        serializer = NewAgreementSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = dict(serializer.validated_data)
        now = timezone.now()
        asked.setdefault("valid_from", now)
        asked.setdefault("delivery_by_module", {})
        try:
            agreement = Agreement.conclude(**asked, now=now)
        except AlreadyAgreed as e:
            raise Conflict(
                str(e),
                what_to_do="Nothing was entered: that agreement does it. For other terms, end it and enter those.",
            ) from e
        except ValueError as e:
            raise serializers.ValidationError([str(e)]) from e
        return Response(AgreementDetailSerializer(agreement).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: AgreementDetailSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Nothing passes under it from now on."""
        agreement = self.get_object()
        try:
            agreement.end(now=timezone.now())
        except UnableToEnd as e:
            raise Conflict(str(e), what_to_do="Nothing is left to do: it stays as it is.") from e
        return Response(AgreementDetailSerializer(agreement).data)

    @extend_schema(
        operation_id="agreements_import",
        request=OpenApiRequest(OpenApiTypes.STR, examples=[OpenApiExample("two lines", value=CSV_EXAMPLE)]),
        responses={201: ImportedSerializer, **PROBLEMS},
    )
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[CsvParser])
    def import_csv(self, request: Request) -> Response:
        """Many at once from CSV: all lines, or none with every line's error named."""
        try:
            imported = import_agreements(get_text(request), now=timezone.now())
        except ImportRefused as e:
            raise serializers.ValidationError({f"line {line}": texts for line, texts in e.by_line.items()}) from e
        told = {"imported": len(imported), "warnings": list(get_doubts_of_all(imported))}
        return Response(told, status=status.HTTP_201_CREATED)
