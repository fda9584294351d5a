"""`GET /metrics` for Prometheus: from allowed networks, or with a staff token of the scope metrics:read."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from gateway.proxies import FORWARDED_BY_STRANGER
from management.auth import HasScope
from management.gauges import Gauges
from management.problems import Explaining
from management.scopes import Scope
from telemetry import exposition


class MayReadMetrics(HasScope):
    """Who comes through a proxy the hub does not trust may come from anywhere: its address opens nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return is_allowed(request) or super().has_permission(request, view)


def is_allowed(request: Request) -> bool:
    if getattr(request, "scope", {}).get(FORWARDED_BY_STRANGER):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "")
    except ValueError:
        return False
    return any(address in network for network in settings.HUB_METRICS_ALLOW)


class MetricsView(Explaining):
    permission_classes = [MayReadMetrics]
    read_scope = Scope.METRICS_READ
    schema = None
    parameters = None  # whatever the scraper is set to send

    def get(self, request: Request) -> HttpResponse:
        """Text as Prometheus reads it."""
        return HttpResponse(exposition.render([Gauges()]), content_type=exposition.CONTENT_TYPE_LATEST)
