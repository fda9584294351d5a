"""Celery shells of the invoices."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils.timezone import now

from invoicing.issue import issue_pending
from invoicing.mail import send_due


@shared_task
def issue_invoices(**kwargs: Any) -> int:
    return issue_pending(now=now()) if settings.HUB_INVOICES else 0


@shared_task
def send_invoices(**kwargs: Any) -> int:
    return send_due(now=now())
