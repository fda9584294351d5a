"""Forms of the settlement pages: parties are typed as "NL*CPO" and kept as keys."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from ocpi.calls import PartyId
from parties.display import show_party
from settlement.models import Company, Terms


class PartyField(forms.CharField):
    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text='As "NL*CPO".', **options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return PartyId.of_text(text).key
        except ValueError as e:
            raise forms.ValidationError(str(e)) from e

    def prepare_value(self, value: Any) -> Any:
        """A key that is stored; what was typed stays as it is."""
        return show_party(value) if isinstance(value, str) and value and value.islower() else value


class TermsForm(forms.ModelForm):
    provider = PartyField()
    consumer = PartyField()

    class Meta:
        model = Terms
        exclude = ["changed_at"]


class CompanyForm(forms.ModelForm):
    party = PartyField()

    class Meta:
        model = Company
        exclude = ["changed_at"]
