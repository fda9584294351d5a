"""The hub staff's API and dashboard."""

from __future__ import annotations

from django.apps import AppConfig


class ManagementConfig(AppConfig):
    name = "management"
