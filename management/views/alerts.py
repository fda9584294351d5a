"""Alerts over the management API: what is wrong, since when, and whether operators were told."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import viewsets

from alerts.models import Alert
from management.pages import Pages
from management.problems import Explaining
from management.scopes import Scope
from management.serializers.alerts import AlertSerializer


class AlertFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=[("open", "open"), ("closed", "closed")], method="filter_state")

    class Meta:
        model = Alert
        fields = ["kind", "severity", "platform"]

    def filter_state(self, alerts: QuerySet[Alert], name: str, value: str) -> QuerySet[Alert]:
        return alerts.filter(closed_at__isnull=value == "open")


class AlertViewSet(Explaining, viewsets.ReadOnlyModelViewSet[Alert]):
    """Newest first. An alert closes by itself when what it is about has been gone for a while."""

    queryset = Alert.objects.exclude(opened_at=None).prefetch_related("messages").order_by("-opened_at", "-id")
    serializer_class = AlertSerializer
    pagination_class = Pages
    filterset_class = AlertFilter
    read_scope = Scope.TRAFFIC_READ
