"""Names of fields and apps, spelled as people in the trade spell them."""

from __future__ import annotations

from django.apps import apps

from parties.spelling import say_value, write_words


def label_apps() -> None:
    """Those that Django has named after their folder: "charging sessions", not "Charging_Sessions"."""
    for app in apps.get_app_configs():
        if app.verbose_name == app.label.title():
            app.verbose_name = say_value(app.label)


def label_fields() -> None:
    """Only what pages and forms show is changed: migrations look at the name that the model was given."""
    for model in apps.get_models():
        for field in model._meta.fields:
            field.verbose_name = write_words(str(field.verbose_name))
