"""Refuses to start with numbers that would not be unique."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from invoicing.patterns import InvalidPattern, check_pattern


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        try:
            check_pattern(settings.HUB_INVOICE_NUMBER)
        except InvalidPattern as e:
            raise ImproperlyConfigured(f"HUB_INVOICE_NUMBER: {e}") from e
