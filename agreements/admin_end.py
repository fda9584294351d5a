"""The end of what holds from a moment until another, by a button in the admin: once, and never moved."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from agreements.models import Agreement, Mandate, UnableToEnd


def end(model_admin: ModelAdmin, request: HttpRequest, dated: Agreement | Mandate) -> HttpResponse:
    try:
        dated.end(now=timezone.now())
    except UnableToEnd as e:
        messages.error(request, f"{dated}: nothing was changed. {e}")
    else:
        model_admin.log_change(request, dated, "ended")
        messages.success(request, f"{dated}: ended.")
    return HttpResponseRedirect(reverse(f"admin:agreements_{dated._meta.model_name}_change", args=[dated.pk]))
