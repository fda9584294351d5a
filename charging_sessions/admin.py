"""Stored charging sessions, to look at."""

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from charging_sessions.models import Session
from parties.admin_pages import number
from parties.display import show_party
from parties.owned_admin import OwnedObjectAdmin
from tariffs.admin_amounts import amount

STATUS_COLOURS = {"ACTIVE": "success", "COMPLETED": "info", "INVALID": "danger", "PENDING": "warning"}


@admin.register(Session)
class SessionAdmin(OwnedObjectAdmin):
    list_display = [
        "show_owner",
        "object_id",
        "show_token_owner",
        "show_status",
        "show_kwh",
        "start_at",
        "end_at",
        "show_verdict",
    ]
    list_filter = [*OwnedObjectAdmin.list_filter, "status"]
    own_fields = (
        "show_token_owner",
        "status",
        "start_at",
        "end_at",
        "show_kwh",
        "show_cost",
        "currency",
        "location_key",
    )
    show_kwh, show_cost = number("kwh", "energy, kWh"), amount("total_cost")

    @display(description="token owner")
    def show_token_owner(self, session: Session) -> str:
        return show_party(session.token_owner)

    @display(description="status", label=STATUS_COLOURS)
    def show_status(self, session: Session) -> str:
        return session.status
