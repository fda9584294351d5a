"""What is dated in the admin: in force, later, or ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from agreements.models import Agreement, Mandate

STATE_COLOURS = {"in force": "success", "later": "info", "ended": "warning"}


class InForceFilter(SimpleListFilter):
    title = "in force"
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "now"), ("later", "later"), ("ended", "ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        ended = Q(valid_until__isnull=False) & (Q(valid_until__lte=now) | Q(valid_until=F("valid_from")))
        matches = {"now": Q(valid_from__lte=now) & ~ended, "later": Q(valid_from__gt=now) & ~ended, "ended": ended}
        return queryset.filter(matches.get(self.value() or "", Q()))


def show_state(dated: Agreement | Mandate, *, now: datetime) -> str:
    if dated.is_over(now=now):
        return "ended"
    return "in force" if dated.valid_from <= now else "later"
