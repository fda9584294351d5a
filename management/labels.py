"""Names of fields and apps as people in the trade write them: "CDR id", not "Cdr id"; "VAT treatment"."""

from __future__ import annotations

import re

from django.apps import apps

_SPELLINGS = "API BIC CDR CDRs CSV eMSP EVSE HTTPS IBAN IP JSON kWh OCPI PDF RFID SHA-256 SOC TLS UID URL UTC VAT XML"
_WRITTEN = {word.lower().replace("-", ""): word for word in _SPELLINGS.split()}
_WORD = re.compile(r"\w+")


def write_words(text: str) -> str:
    return _WORD.sub(lambda found: _WRITTEN.get(found[0], found[0]), text)


def label_apps() -> None:
    """Those that Django has named after their folder: "charging sessions", not "Charging_Sessions"."""
    for app in apps.get_app_configs():
        if app.verbose_name == app.label.title():
            app.verbose_name = write_words(app.label.replace("_", " "))


def label_fields() -> None:
    """Only what pages and forms show is changed: migrations look at the name that the model was given."""
    for model in apps.get_models():
        for field in model._meta.fields:
            field.verbose_name = write_words(str(field.verbose_name))
