"""Stored CDRs, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display

from cdrs.models import Cdr
from parties.admin_pages import mark, number
from parties.display import show_party
from parties.owned_admin import OwnedObjectAdmin
from tariffs.admin_amounts import amount


@admin.register(Cdr)
class CdrAdmin(OwnedObjectAdmin):
    list_display = [
        "show_owner",
        "object_id",
        "show_token_owner",
        "show_energy",
        "show_cost",
        "currency",
        "end_at",
        "show_verdict",
    ]
    list_filter = [*OwnedObjectAdmin.list_filter, "is_credit", "currency"]
    key_fields = ("object_key", "session_key")
    search_help_text = 'CDR id, session id or owner ("NL*CPO"); several words narrow it down'
    own_fields = (
        "show_token_owner",
        "session_key",
        "start_at",
        "end_at",
        "show_energy",
        "show_cost",
        "currency",
        "is_credit",
        "credit_reference_key",
        "evse_key",
        "is_undelivered",
    )

    readonly_preprocess_fields = {**OwnedObjectAdmin.readonly_preprocess_fields, "is_undelivered": mark(fault="yes")}
    actions_detail = ["price"]
    show_energy, show_cost = number("total_energy"), amount("total_cost")

    @action(description="Claimed and computed", icon="calculate")
    def price(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A page of an app above this one: only its name is known here."""
        return HttpResponseRedirect(reverse("admin:reconciliation_rating_cdr", args=[object_id]))

    @display(description="token owner")
    def show_token_owner(self, cdr: Cdr) -> str:
        return show_party(cdr.token_owner)
