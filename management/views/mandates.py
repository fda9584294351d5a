"""Mandates over the management API: grant and end. Nothing is ever deleted or rewritten."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agreements.models import AlreadyGranted, Mandate, UnableToEnd
from management.pages import Pages
from management.problems import Conflict, Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.agreements import MandateSerializer, NewMandateSerializer
from management.views.traffic import read_party_key

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404, 409)}


class MandateFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Either side, as "NL*CPO".')
    in_force = filters.BooleanFilter(method="filter_in_force")

    def filter_party(self, mandates: QuerySet[Mandate], name: str, value: str) -> QuerySet[Mandate]:
        key = read_party_key(value)
        return mandates.filter(
            Q(agent_country__iexact=key[:2], agent_party__iexact=key[2:])
            | Q(principal_country__iexact=key[:2], principal_party__iexact=key[2:])
        )

    def filter_in_force(self, mandates: QuerySet[Mandate], name: str, value: bool) -> QuerySet[Mandate]:
        now = timezone.now()
        holds = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
        return mandates.filter(holds if value else ~holds)


class MandateViewSet(Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Mandate]):
    """Who acts for whom, from when until when."""

    queryset = Mandate.objects.order_by("id")
    serializer_class = MandateSerializer
    pagination_class = Pages
    filterset_class = MandateFilter
    read_scope, write_scope = Scope.AGREEMENTS_READ, Scope.AGREEMENTS_WRITE

    @extend_schema(request=NewMandateSerializer, responses={201: MandateSerializer, **PROBLEMS})
    def create(self, request: Request) -> Response:
        """A new mandate, in force within a second of its `valid_from`. Sender and receiver need agreements as ever."""
        serializer = NewMandateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        now = timezone.now()
        try:
            mandate = Mandate.grant(**{"valid_from": now, **serializer.validated_data}, now=now)
        except AlreadyGranted as e:
            raise Conflict(str(e), what_to_do="Nothing was entered: that mandate does it.") from e
        except ValueError as e:
            raise serializers.ValidationError([str(e)]) from e
        return Response(MandateSerializer(mandate).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: MandateSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """It allows nothing from now on."""
        mandate = self.get_object()
        try:
            mandate.end(now=timezone.now())
        except UnableToEnd as e:
            raise Conflict(str(e), what_to_do="Nothing is left to do: it stays as it is.") from e
        return Response(MandateSerializer(mandate).data)
