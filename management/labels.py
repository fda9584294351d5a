"""Names of fields, models and apps: as people in the trade say and spell them."""

from __future__ import annotations

from django.apps import apps

from parties.spelling import say_value, write_words

# What one row and their list are called, where staff says it in another way than the code.
MODELS = {
    "charging_profiles.setting": ("charging profile", "charging profiles"),
    "invoicing.blocked": ("blocked invoice", "blocked invoices"),
    "invoicing.issuer": ("issuer of invoices", "issuers of invoices"),
    "journal.pullrequest": ("pull", "pulls"),
    "management.logcall": ("call", "call log"),
    "parties.detectedquirk": ("quirk", "quirks"),
    "reconciliation.rating": ("judged CDR", "judged CDRs"),
    "settlement.closing": ("closed period", "closed periods"),
    "settlement.line": ("statement line", "statement lines"),
}


def label_apps() -> None:
    """Those that Django has named after their folder: "charging sessions", not "Charging_Sessions"."""
    for app in apps.get_app_configs():
        if app.verbose_name == app.label.title():
            app.verbose_name = say_value(app.label)


def label_models() -> None:
    """As the side bar has them. Migrations look at the name that the model was given here, too."""
    for label, (one, many) in MODELS.items():
        meta = apps.get_model(label)._meta
        meta.verbose_name, meta.verbose_name_plural = one, many


def label_fields() -> None:
    """Only what pages and forms show is changed: migrations look at the name that the model was given."""
    for model in apps.get_models():
        for field in model._meta.fields:
            field.verbose_name = write_words(str(field.verbose_name))
