"""Where a message is, and what became of it, over the management API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from management.journey import get_journey
from management.journey_search import Asked, search
from management.problems import Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.journeys import FoundJourneySerializer, JourneySerializer
from management.views.traffic import read_party_key

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404)}
_moment = serializers.DateTimeField()
_number = serializers.IntegerField(min_value=0)


class JourneyViewSet(Explaining, viewsets.ViewSet):
    """A message's whole way: both legs, what was kept, every delivery to everybody, what waits and why."""

    lookup_value_regex = ".+"  # partners choose their ids, and some have slashes in them
    parameters = ("id", "module", "owner", "object_id", "platform", "from", "until")
    read_scope = Scope.TRAFFIC_READ

    @extend_schema(
        parameters=[
            OpenApiParameter("id", description="Request id or correlation id, whole."),
            OpenApiParameter("module"),
            OpenApiParameter("owner", description='Party, as "NL*CPO".'),
            OpenApiParameter(
                "object_id",
                description="Whole; looked for as it stands here, in small letters and in capitals. A token's uid only "
                "with module and owner is exact.",
            ),
            OpenApiParameter("platform", int),
            OpenApiParameter("from", description="UTC; without any id or party the last day is looked at."),
            OpenApiParameter("until"),
        ],
        responses={200: FoundJourneySerializer(many=True), **PROBLEMS},
    )
    def list(self, request: Request) -> Response:
        """Messages that fit, newest first, at most 100."""
        asked = _read(request)
        if asked.is_empty:
            raise serializers.ValidationError(
                {"detail": "Say what is known: id, object_id, owner, platform or a time."}
            )
        return Response(FoundJourneySerializer(search(asked, now=timezone.now()), many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("id", location="path", description="Request id or correlation id.")],
        responses={200: JourneySerializer, **PROBLEMS},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        """By request id or correlation id."""
        journey = get_journey(pk, now=timezone.now())
        if journey is None:
            raise NotFound("No call with this request id or correlation id is in the log.")
        return Response(JourneySerializer(journey).data)


def _read(request: Request) -> Asked:
    given = {name: str(value) for name, value in request.query_params.items() if value}
    problems: dict[str, Any] = {}
    read: dict[str, Any] = {}
    for name, field in (("from", _moment), ("until", _moment), ("platform", _number)):
        try:
            read[name] = field.run_validation(given[name]) if name in given else None
        except serializers.ValidationError as e:
            problems[name] = e.detail
    if problems:
        raise serializers.ValidationError(problems)
    return Asked(
        id=given.get("id", ""),
        module=given.get("module", ""),
        owner=read_party_key(given["owner"]) if "owner" in given else "",
        object_id=given.get("object_id", ""),
        platform=read["platform"],
        since=read["from"],
        until=read["until"],
    )
