"""Platforms and parties over the management API."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from forwarding.pull_ask import ask, get_offered_lists
from gateway.facts import TRUSTED_SECONDS
from journal.models import PullRequest
from management.pages import Pages
from management.problems import Conflict, Explaining, PartnerFailed, ProblemSerializer
from management.scopes import Scope
from management.serializers.platforms import (
    DetectedQuirkSerializer,
    NewPlatformSerializer,
    PartySerializer,
    PlatformSerializer,
    RegisterSerializer,
    RotateSerializer,
    SettingsSerializer,
    TokenASerializer,
)
from management.serializers.pulls import NewPullSerializer, PullSerializer
from ocpi.calls import PartyId, Role
from ocpi.errors import OcpiError
from parties import handshake
from parties.announced import CLIENT_INFO, ask_for_list
from parties.models import Party, Platform
from parties.planning import CannotPlan, PlannedParty, plan_platform

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404)}
HANDSHAKE_PROBLEMS = PROBLEMS | {409: ProblemSerializer, 502: ProblemSerializer}


class PlatformViewSet(Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Platform]):
    """Partners' back ends: create one with its Token A, register at it, rotate tokens, suspend it."""

    queryset = (
        Platform.objects.select_related("heartbeat")
        .prefetch_related("parties", "parties_behind", "endpoints")
        .order_by("name", "id")
    )
    serializer_class = PlatformSerializer
    pagination_class = Pages
    filterset_fields = ["state", "is_online", "name"]
    read_scope, write_scope = Scope.PLATFORMS_READ, Scope.PLATFORMS_WRITE

    def _show(self, platform: Platform, *, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=platform.pk)
        return Response(PlatformSerializer(fresh).data, status=code)

    @extend_schema(request=NewPlatformSerializer, responses={201: TokenASerializer, **PROBLEMS})
    def create(self, request: Request) -> Response:
        """A planned partner and its Token A, which is shown in this answer only."""
        asked = _read(NewPlatformSerializer(data=request.data))
        parties = [
            PlannedParty(
                party=PartyId(party["country_code"], party["party_id"]), role=Role(party["role"]), name=party["name"]
            )
            for party in asked["parties"]
        ]
        try:
            platform, token_a = plan_platform(name=asked["name"], parties=parties, now=timezone.now())
        except CannotPlan as e:
            raise serializers.ValidationError({e.field: [str(e)]}) from e
        return Response(_hand_over(platform, token_a=token_a), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: TokenASerializer, **PROBLEMS})
    @action(detail=True, methods=["post"], url_path="token-a")
    def token_a(self, request: Request, pk: str) -> Response:
        """A fresh Token A; an earlier one that was not used stops working. A registered platform may register anew with
        it, and keeps its tokens until it has (CRED-06)."""
        platform = self.get_object()
        return Response(_hand_over(platform, token_a=platform.issue_token_a()))

    @extend_schema(request=RegisterSerializer, responses={200: PlatformSerializer, **HANDSHAKE_PROBLEMS})
    @action(detail=True, methods=["post"])
    def register(self, request: Request, pk: str) -> Response:
        """The hub registers itself at the partner's platform, with the Token A the partner gave us (CRED-10)."""
        platform = self.get_object()
        asked = _read(RegisterSerializer(data=request.data))
        try:
            handshake.register_at(
                platform, versions_url=asked["versions_url"], token_a=asked["token_a"], now=timezone.now()
            )
        except OcpiError as e:
            raise PartnerFailed(f"Registration at {platform.name} failed: {e.message}") from e
        return self._show(platform)

    @extend_schema(request=RotateSerializer, responses={200: PlatformSerializer, **HANDSHAKE_PROBLEMS})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """New tokens in both directions (CRED-23); at once when the old ones are compromised."""
        platform = self.get_object()
        asked = _read(RotateSerializer(data=request.data))
        if platform.state != Platform.State.REGISTERED:
            raise Conflict(
                f"{platform.name} is not registered: there are no tokens to rotate.", what_to_do="Register it."
            )
        try:
            handshake.rotate(platform, now=timezone.now(), compromised=asked["compromised"])
        except OcpiError as e:
            raise PartnerFailed(f"Rotating the tokens of {platform.name} failed: {e.message}") from e
        if asked["compromised"]:
            _wait_until_dead()
        return self._show(platform)

    @extend_schema(request=None, responses={200: PlatformSerializer, **HANDSHAKE_PROBLEMS})
    @action(detail=True, methods=["post"], url_path="update", url_name="update")
    def renew(self, request: Request, pk: str) -> Response:
        """Read its versions and endpoints afresh, and tell it ours by PUT (VERS-10, CRED-26)."""
        platform = self.get_object()
        if platform.state != Platform.State.REGISTERED:
            raise Conflict(f"{platform.name} is not registered: there is nothing to update.", what_to_do="Register it.")
        try:
            handshake.rotate(platform, now=timezone.now())
        except OcpiError as e:
            raise PartnerFailed(f"Updating the connection with {platform.name} failed: {e.message}") from e
        return self._show(platform)

    @extend_schema(request=None, responses={200: PlatformSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def disconnect(self, request: Request, pk: str) -> Response:
        """Unregister at the partner, and suspend it whatever it answers (CRED-15)."""
        platform = self.get_object()
        handshake.disconnect(platform, now=timezone.now())
        _wait_until_dead()
        return self._show(platform)

    @extend_schema(request=SettingsSerializer, responses={200: PlatformSerializer, **PROBLEMS})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Settings: how many calls at a time, and what the partner does differently."""
        platform = self.get_object()
        serializer = SettingsSerializer(platform, data=request.data, partial=True)
        changes = _read(serializer)
        for name, value in changes.items():
            setattr(platform, name, value)
        if changes:
            platform.save(update_fields=list(changes))
        return self._show(platform)

    @extend_schema(responses={200: DetectedQuirkSerializer(many=True), **PROBLEMS}, filters=False)
    @action(detail=True, pagination_class=None)
    def quirks(self, request: Request, pk: str) -> Response:
        """What the hub found odd with this partner, and which setting settles it."""
        found = self.get_object().detected_quirks.select_related("platform").order_by("quirk")
        return Response(DetectedQuirkSerializer(found, many=True).data)

    @extend_schema(request=None, responses={200: PlatformSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        """End of the connection: both tokens are void at once; a new Token A starts again."""
        platform = self.get_object()
        platform.suspend(now=timezone.now())
        _wait_until_dead()
        return self._show(platform)

    @extend_schema(
        request=NewPullSerializer, responses={202: PullSerializer(many=True), **PROBLEMS, 409: ProblemSerializer}
    )
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=[])
    def pull(self, request: Request, pk: str) -> Response:
        """Read the partner's lists soon: what changed, or with `full` everything; of a hub also who is behind it. See
        /api/pulls/ for how it goes."""
        platform = self.get_object()
        asked = _read(NewPullSerializer(data=request.data))
        if platform.state != Platform.State.REGISTERED:
            raise Conflict(f"{platform.name} is not registered: there is nothing to read.", what_to_do="Register it.")
        offered = get_offered_lists(platform)
        is_hub_asked = "modules" not in asked and ask_for_list(platform, now=timezone.now())
        missing = sorted(set(asked.get("modules", ())) - set(offered))
        if missing or not (offered or is_hub_asked):
            raise Conflict(
                f"{platform.name} has no list of {', '.join(missing) or 'anything'}.",
                what_to_do="See its endpoints: a list needs a SENDER endpoint and a party in a role that owns objects.",
            )
        lists = asked.get("modules", offered)
        pulls = ask(platform, lists, reason=PullRequest.Reason.STAFF, now=timezone.now(), is_full=asked["full"])
        if is_hub_asked:
            pulls += PullRequest.objects.filter(
                platform=platform.pk, module=CLIENT_INFO, state=PullRequest.State.WAITING
            ).order_by("id")
        return Response(PullSerializer(pulls, many=True).data, status=status.HTTP_202_ACCEPTED)


class PartyFilter(filters.FilterSet):
    country_code = filters.CharFilter(lookup_expr="iexact")
    party_id = filters.CharFilter(lookup_expr="iexact")

    class Meta:
        model = Party
        fields = ["country_code", "party_id", "role", "platform", "is_active"]


class PartyViewSet(Explaining, viewsets.ReadOnlyModelViewSet[Party]):
    """Roles of companies, as planned by staff or told by their platforms."""

    queryset: QuerySet[Party] = Party.objects.order_by("country_code", "party_id", "role", "id")
    serializer_class = PartySerializer
    pagination_class = Pages
    filterset_class = PartyFilter
    read_scope = Scope.PLATFORMS_READ


def _read(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _hand_over(platform: Platform, *, token_a: str) -> dict[str, Any]:
    return dict(
        TokenASerializer({"id": platform.pk, "token_a": token_a, "versions_url": handshake.get_versions_url()}).data
    )


def _wait_until_dead() -> None:
    """When staff reads the answer, the tokens open nothing any more: no process goes by older facts than these."""
    time.sleep(TRUSTED_SECONDS)
