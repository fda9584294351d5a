"""Forms of the agreements' admin pages."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agreements.models import MANDATE_MODULES, MODULES
from ocpi.calls import Delivery, PartyId

DELIVERIES = [
    (Delivery.RELAY.value, "relay: the sender hears at once when the receiver is away"),
    (Delivery.STORE_AND_FORWARD.value, "store and forward: the hub keeps it and delivers when the receiver is back"),
]


class PartyIdField(forms.Field):
    """ "NL*CPO" as a PartyId."""

    def __init__(self, *, example: str = "NL*CPO", **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs={"placeholder": example, "maxlength": 7}), **options)

    def to_python(self, value: Any) -> PartyId | None:
        if not value:
            return None
        try:
            return PartyId.of_text(value)
        except ValueError as e:
            raise ValidationError(str(e)) from e


class CommandsField(forms.Field):
    """Names with blanks between; none: None, which means all commands."""

    widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "START_SESSION STOP_SESSION"})

    def __init__(self) -> None:
        super().__init__(required=False, help_text="Which commands the two may use (CMD-15). Empty: all of them.")

    def to_python(self, value: Any) -> list[str] | None:
        return str(value).replace(",", " ").split() if value and str(value).strip() else None


class ControlField(forms.Field):
    """JSON with exact numbers; what it may say is checked where an agreement is concluded."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4, "placeholder": '{"bounds": {"max_energy": 200}}'})

    def __init__(self) -> None:
        text = (
            'What differs for these two from the hub\'s CDR control: {"severities": {rule: word}, "bounds": {...}, '
            '"tolerances": {...}, "refuse": true}. Empty: nothing. See docs/reconciliation.md.'
        )
        super().__init__(required=False, label="CDR control", help_text=text)

    def to_python(self, value: Any) -> Any:
        if not value or not str(value).strip():
            return {}
        try:
            return json.loads(str(value), parse_float=Decimal)
        except json.JSONDecodeError as e:
            raise ValidationError(f"This is not JSON: {e}") from e


class AgreementForm(forms.Form):
    """For a new agreement; one that runs is ended, not rewritten."""

    provider = PartyIdField(help_text="Owns locations, tariffs, sessions and CDRs.")
    consumer = PartyIdField(example="FR*MSP", help_text="Owns tokens and sends commands.")
    modules = forms.MultipleChoiceField(
        choices=[(module, module) for module in MODULES],
        initial=list(MODULES),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    valid_from = forms.SplitDateTimeField(
        initial=timezone.now, widget=UnfoldAdminSplitDateTimeWidget(), help_text="UTC. Traffic before it does not pass."
    )
    valid_until = forms.SplitDateTimeField(
        required=False, widget=UnfoldAdminSplitDateTimeWidget(), help_text="UTC. Empty: until somebody ends it."
    )
    delivery = forms.ChoiceField(
        choices=DELIVERIES, initial=Delivery.RELAY.value, widget=UnfoldAdminRadioSelectWidget()
    )
    commands = CommandsField()
    cdr_control = ControlField()
    note = forms.CharField(required=False, max_length=255, widget=UnfoldAdminTextInputWidget())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for module in MODULES:
            self.fields[f"delivery_{module}"] = forms.ChoiceField(
                label=f"Delivery of {module}",
                required=False,
                choices=[
                    ("", "as above"),
                    *((delivery.value, delivery.value.replace("_", " ")) for delivery in Delivery),
                ],
                widget=UnfoldAdminSelectWidget(),
            )

    def get_terms(self) -> dict[str, Any]:
        """What `Agreement.conclude` takes."""
        cleaned = self.cleaned_data
        by_module = {module: cleaned[f"delivery_{module}"] for module in MODULES if cleaned.get(f"delivery_{module}")}
        names = ["provider", "consumer", "modules", "commands", "valid_from", "valid_until", "delivery", "note"]
        more = {"delivery_by_module": by_module, "cdr_control": cleaned["cdr_control"]}
        return {name: cleaned[name] for name in names} | more


class MandateForm(forms.Form):
    """For a new mandate; one that runs is ended, not rewritten."""

    agent = PartyIdField(example="DE*NAP", help_text="Who acts.")
    principal = PartyIdField(help_text="For whom: the owner of the locations and tariffs, or of the tokens.")
    modules = forms.MultipleChoiceField(
        choices=[(module, module) for module in MANDATE_MODULES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Locations and tariffs: a NAP may push the principal's. Sessions and CDRs: those of the principal's "
        "tokens may be sent to the agent.",
    )
    valid_from = forms.SplitDateTimeField(
        initial=timezone.now, widget=UnfoldAdminSplitDateTimeWidget(), help_text="UTC."
    )
    valid_until = forms.SplitDateTimeField(
        required=False, widget=UnfoldAdminSplitDateTimeWidget(), help_text="UTC. Empty: until somebody ends it."
    )
    note = forms.CharField(required=False, max_length=255, widget=UnfoldAdminTextInputWidget())


class ImportForm(forms.Form):
    file = forms.FileField(label="CSV file", widget=UnfoldAdminFileFieldWidget())

    def clean_file(self) -> str:
        """The text. Spreadsheet programs put a byte order mark in front."""
        upload = self.cleaned_data["file"]
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError as e:
            raise ValidationError("The file is not UTF-8: save it as 'CSV UTF-8'.") from e
