"""Lists the hub reads from partners, over the management API. They are asked for at the platform."""

from __future__ import annotations

from django_filters import rest_framework as filters
from rest_framework import viewsets

from journal.models import PullRequest
from management.pages import Pages
from management.problems import Explaining
from management.scopes import Scope
from management.serializers.pulls import PullSerializer


class PullFilter(filters.FilterSet):
    class Meta:
        model = PullRequest
        fields = ["platform", "module", "state", "reason", "is_full"]


class PullViewSet(Explaining, viewsets.ReadOnlyModelViewSet[PullRequest]):
    """One row per list of one party, with how far its reading is."""

    queryset = PullRequest.objects.order_by("-requested_at", "-id")
    serializer_class = PullSerializer
    pagination_class = Pages
    filterset_class = PullFilter
    read_scope = Scope.TRAFFIC_READ
