"""Parties behind peer hubs in the admin: what hubs announced; staff may say beforehand, or end, who is behind whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from ocpi.calls import ConnectionStatus, PartyId, Role
from ocpi.times import SENTINEL
from parties.admin_search import FindsParty
from parties.announced import find_holder
from parties.models import PartyBehind, Platform


class PartyBehindForm(forms.ModelForm):
    class Meta:
        model = PartyBehind
        fields = ["platform", "country_code", "party_id", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "platform" in self.fields:
            hubs = Platform.objects.filter(parties__role=str(Role.HUB)).distinct().order_by("name")
            self.fields["platform"].queryset = hubs  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not {"platform", "country_code", "party_id"} <= set(cleaned):
            return cleaned
        party = PartyId(cleaned["country_code"], cleaned["party_id"])
        if not party.is_well_formed:
            raise ValidationError(
                f"{party} is not a party: two letters of country, then one to three letters or digits."
            )
        holder = find_holder(party, besides=cleaned["platform"].pk)
        if party == settings.HUB_PARTY or holder is not None:
            raise ValidationError(f"{party} is {holder or 'this hub itself'} already.")
        return cleaned


class PartyBehindInline(TabularInline):
    """On the page of a hub: told by it, or planned by staff."""

    model = PartyBehind
    fields = readonly_fields = ["country_code", "party_id", "role", "status", "last_updated", "changed_at"]
    extra = 0
    tab = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PartyBehind)
class PartyBehindAdmin(FindsParty, ModelAdmin):
    """Adding one plans it: from then on no other hub can announce it, and the hub is told of its partners here."""

    when_empty = "Another hub announces them. Add one to say beforehand behind which hub it is."
    form = PartyBehindForm
    list_display = ["show_id", "role", "platform", "status", "last_updated", "changed_at"]
    list_filter = ["platform", "status", "role"]
    list_select_related = ["platform"]
    search_fields = ["party_id", "country_code"]
    search_help_text = 'A party ("NL*CPO"), or part of its id or country'
    ordering = ["country_code", "party_id", "role"]
    actions = ["end_selected"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else [*PartyBehindForm.Meta.fields, "status", "last_updated", "changed_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        named = list(PartyBehindForm.Meta.fields)
        return named if obj is None else [*named, "status", "last_updated", "changed_at"]

    @display(description="party", ordering="country_code")
    def show_id(self, row: PartyBehind) -> str:
        return str(row.id_pair)

    def save_model(self, request: HttpRequest, obj: PartyBehind, form: ModelForm[PartyBehind], change: bool) -> None:
        if change:
            return  # nothing of it can be changed
        obj.status, obj.changed_at = str(ConnectionStatus.PLANNED), timezone.now()
        obj.last_updated = SENTINEL  # whatever the hub says is newer
        obj.save()

    @admin.action(
        description="End: the hub may not speak for them any more, until it announces them anew",
        permissions=["change"],
    )
    def end_selected(self, request: HttpRequest, rows: QuerySet[PartyBehind]) -> None:
        chosen = list(rows.exclude(status=ConnectionStatus.SUSPENDED))
        rows.filter(pk__in=[row.pk for row in chosen]).update(
            status=ConnectionStatus.SUSPENDED, changed_at=timezone.now()
        )
        for row in chosen:
            self.log_change(request, row, "ended")
        messages.success(request, f"{len(chosen)} ended. Another hub may announce them now.")
