"""Stored tariffs, to look at."""

from __future__ import annotations

from django.contrib import admin

from parties.owned_admin import OwnedObjectAdmin
from tariffs.models import Tariff


@admin.register(Tariff)
class TariffAdmin(OwnedObjectAdmin):
    list_display = ["show_owner", "object_id", "currency", "last_updated", "show_verdict"]
    list_filter = [*OwnedObjectAdmin.list_filter, "currency"]
    own_fields = ("currency",)
