"""Stored locations, to look at."""

from __future__ import annotations

from django.contrib import admin

from locations.models import Location
from parties.owned_admin import OwnedObjectAdmin


@admin.register(Location)
class LocationAdmin(OwnedObjectAdmin):
    list_display = [
        "show_owner",
        "object_id",
        "city",
        "country",
        "evse_count",
        "publish",
        "last_updated",
        "show_verdict",
    ]
    list_filter = [*OwnedObjectAdmin.list_filter, "publish", "country"]
    own_fields = ("country", "city", "latitude", "longitude", "time_zone", "publish", "evse_count")
    text_fields = ("city__iexact",)
    search_help_text = 'Object id, owner ("NL*CPO") or city; several words narrow it down'
