"""Forms of the partners' admin pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminURLInputWidget, UnfoldBooleanSwitchWidget

from ocpi.calls import PartyId
from parties.models import Party, Platform
from parties.quirks import SETTINGS


class RemembersForm(forms.ModelForm):
    """Knows which values its page showed. So only what this person changed is written: not what somebody else, or the
    partner, has changed since the page was opened."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True


class NewPlatformForm(RemembersForm):
    class Meta:
        model = Platform
        fields = ["name", *SETTINGS.values(), "max_in_flight"]


class PartyForm(RemembersForm):
    class Meta:
        model = Party
        fields = ["platform", "country_code", "party_id", "role", "name", "is_active", "business_details"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        party = PartyId(cleaned.get("country_code") or "", cleaned.get("party_id") or "")
        if "country_code" in cleaned and "party_id" in cleaned:
            if not party.is_well_formed:
                raise ValidationError(
                    f"{party} is not a party: two letters of country, then one to three letters or digits."
                )
            if party == settings.HUB_PARTY:
                raise ValidationError(f"{party} is the hub itself.")
        return cleaned


class PartyFormSet(PaginationInlineFormSet, BaseInlineFormSet):
    def clean(self) -> None:
        """Twice the same party and role in one form: the database would say it less clearly."""
        super().clean()
        seen: set[tuple[str, str]] = set()
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            if not data.get("party_id") or data.get("DELETE"):
                continue
            key = (PartyId(data.get("country_code", ""), data["party_id"]).key, data.get("role", ""))
            if key in seen:
                raise ValidationError(f"{data['country_code']}*{data['party_id']} {data.get('role')} is named twice.")
            seen.add(key)


class RegisterForm(forms.Form):
    versions_url = forms.URLField(
        max_length=255, label="Their versions URL", assume_scheme="https", widget=UnfoldAdminURLInputWidget()
    )
    token_a = forms.CharField(
        max_length=64,
        label="Their Token A",
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
    )


class RotateForm(forms.Form):
    compromised = forms.BooleanField(
        required=False,
        label="The old token is compromised",
        help_text="It stops working at once, not after a grace period (CRED-26).",
        widget=UnfoldBooleanSwitchWidget(),
    )
