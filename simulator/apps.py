"""The simulator as a Django app: only so that its management commands are found. It has no models and no settings."""

from __future__ import annotations

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "simulator"
