"""Who set which session's profile, to look at; two setters on one session are marked (CP-12)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from charging_profiles.models import Setting
from parties.admin_pages import ReadOnlyAdmin
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.paging import EstimatingPaginator


@admin.register(Setting)
class SettingAdmin(SearchesParties, ReadOnlyAdmin):
    """`token`, the secret part of the hub's response_url, is not shown."""

    paginator = EstimatingPaginator
    when_empty = "One comes with each charging profile that a partner sets through the hub."
    list_display = ["session_key", "show_receiver", "show_sender", "asked_at", "show_state", "show_mixed"]
    fields = ["session_key", "show_receiver", "show_sender", "asked_at", "succeeded_at", "refused_at"]
    search_fields = ["session_key"]
    search_help_text = 'Session id or a party ("NL*CPO"); several words narrow it down'
    party_fields, key_fields = ("receiver", "sender"), ("session_key",)
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Setting]:
        others = Setting.objects.filter(
            receiver=OuterRef("receiver"), session_key=OuterRef("session_key"), refused_at=None
        ).exclude(sender=OuterRef("sender"))
        return super().get_queryset(request).annotate(is_mixed=Exists(others))

    @display(description="receiver")
    def show_receiver(self, setting: Setting) -> str:
        return show_party(setting.receiver)

    @display(description="set by")
    def show_sender(self, setting: Setting) -> str:
        return show_party(setting.sender)

    @display(description="result", label={"succeeded": "success", "refused": "danger"})
    def show_state(self, setting: Setting) -> str:
        if setting.refused_at:
            return "refused"
        return "succeeded" if setting.succeeded_at else "not known"

    @display(description="topology", label={"set by several": "warning"})
    def show_mixed(self, setting: Any) -> str:
        return "set by several" if setting.is_mixed and not setting.refused_at else ""
