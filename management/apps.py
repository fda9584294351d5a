"""The hub staff's API and dashboard."""

from __future__ import annotations

from django.apps import AppConfig


class ManagementConfig(AppConfig):
    name = "management"

    def ready(self) -> None:
        from management.labels import label_apps, label_fields, label_models

        label_apps()
        label_models()
        label_fields()
