"""The Django project. No domain code."""

from roaming_hub.celery import app as celery_app

__all__ = ["celery_app"]
