"""When the CDRs of a CPO are due, in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from agreements.admin_forms import PartyIdField
from ocpi.calls import PartyId
from parties.admin_search import SearchesParties
from parties.display import show_party
from reconciliation.models import CdrClock


class ClockForm(forms.ModelForm):
    party = PartyIdField(help_text="The CPO.")
    due_after = forms.DurationField(
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "1 00:00:00"}),
        help_text="From the end of a session until its CDR is due: days, then hours:minutes:seconds.",
    )

    class Meta:
        model = CdrClock
        fields = ["due_after", "pulls_per_day"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["party"]

    def clean_party(self) -> PartyId:
        party: PartyId = self.cleaned_data["party"]
        if CdrClock.objects.filter(owner=party.key).exists():
            raise ValidationError(f"{party} has a clock already: change that one.")
        return party

    def clean_due_after(self) -> Any:
        due_after = self.cleaned_data["due_after"]
        if due_after.total_seconds() < 0:
            raise ValidationError("A CDR cannot be due before its session has ended.")
        return due_after


@admin.register(CdrClock)
class CdrClockAdmin(SearchesParties, ModelAdmin):
    """Where a CPO has none, `HUB_CDR_DUE` holds for it."""

    when_empty = "HUB_CDR_DUE holds for every CPO. Add one for a CPO that needs more time, or less."
    form = ClockForm
    list_display = ["show_owner", "due_after", "pulls_per_day", "changed_at"]
    search_fields = ["owner"]
    party_fields = ("owner",)
    ordering = ["owner"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["party", "due_after", "pulls_per_day"] if obj is None else ["due_after", "pulls_per_day"]

    @display(description="CPO", ordering="owner")
    def show_owner(self, clock: CdrClock) -> str:
        return show_party(clock.owner)

    def save_model(self, request: HttpRequest, obj: CdrClock, form: ModelForm[CdrClock], change: bool) -> None:
        if not change:
            obj.owner = form.cleaned_data["party"].key
        obj.changed_at = timezone.now()
        obj.save()
