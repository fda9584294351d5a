"""Alerts in the admin: to look at. They close by themselves when what they are about is over."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from alerts.models import Alert, Message
from parties.admin_pages import ReadOnlyAdmin


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "open"), ("closed", "closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


class MessageInline(TabularInline):
    model = Message
    extra = 0
    fields = readonly_fields = ["about", "channel", "created_at", "attempts", "sent_at", "last_error"]
    ordering = ["id"]
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    when_empty = "Nothing has been wrong for long enough to be told."
    list_display = ["title", "show_state", "show_severity", "kind", "opened_at", "last_seen_at", "closed_at"]
    list_filter = [StateFilter, "kind", "severity", "platform"]
    search_fields = ["title", "detail"]
    search_help_text = "Words of the title or the detail"
    ordering = ["-opened_at", "-id"]
    inlines = [MessageInline]
    fields = [
        "title",
        "show_state",
        "show_severity",
        "kind",
        "platform",
        "detail",
        "advice",
        "first_seen_at",
        "opened_at",
        "last_seen_at",
        "reminded_at",
        "closed_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        alerts: QuerySet[Alert] = super().get_queryset(request)
        return alerts.exclude(opened_at=None)  # of what has not lasted nobody needs to know

    @display(description="state", label={"open": "danger", "closed": "success"})
    def show_state(self, alert: Alert) -> str:
        return alert.state

    @display(description="severity", label={"alarm": "danger", "warning": "warning"})
    def show_severity(self, alert: Alert) -> str:
        return alert.severity
