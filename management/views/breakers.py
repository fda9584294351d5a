"""Circuit breakers over the management API: which platforms are left alone, and until when."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from management.problems import Explaining, ProblemSerializer
from management.scopes import Scope
from parties.limits.breaker import State
from parties.limits.listing import close_breaker, list_breakers

PROBLEMS = {code: ProblemSerializer for code in (401, 403)}
AWAY = {"detail": "Redis is away: each process goes by what it sees itself."}


class BreakerSerializer(serializers.Serializer[Any]):  # of or of several
    platform = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[state.value for state in State if state is not State.CLOSED],
        help_text="half-open: the next call is a probe; trial: it has called the hub since, and is called again.",
    )
    since = serializers.DateTimeField()
    failures = serializers.IntegerField(help_text="In a row.")
    next_probe = serializers.DateTimeField(allow_null=True, help_text="null: it may be called already.")
    reason = serializers.CharField(help_text="Of the last failure.")


class BreakersView(Explaining):
    """Only those that are not closed."""

    read_scope = Scope.TRAFFIC_READ

    @extend_schema(responses={200: BreakerSerializer(many=True), **PROBLEMS, 503: ProblemSerializer})
    def get(self, request: Request) -> Response:
        """The longest open first."""
        rows = list_breakers(now=timezone.now())
        if rows is None:
            return Response(AWAY, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response(BreakerSerializer(rows, many=True).data)


class BreakerView(Explaining):
    """One platform's."""

    write_scope = Scope.TRAFFIC_WRITE

    @extend_schema(responses={204: None, **PROBLEMS, 503: ProblemSerializer})
    def delete(self, request: Request, platform: int) -> Response:
        """Call this platform again at once; nothing happens where its breaker is closed."""
        if not close_breaker(platform):
            return Response(AWAY, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response(status=status.HTTP_204_NO_CONTENT)
