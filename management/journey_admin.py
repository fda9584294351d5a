"""The pages of journeys in the admin: a search, and one message's whole way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from forwarding.models import DeadLetter, Lane
from management.journey import get_journey
from management.journey_search import MODULES, Asked, search
from management.models import LogCall, LogEvent
from ocpi.calls import PartyId
from parties.admin_pages import may_see
from parties.display import show_party
from parties.models import Platform


def show_search(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """An id that is found leads to its message at once."""
    _check(request)
    now = timezone.now()
    given = {name: str(value).strip() for name, value in request.GET.items()}
    asked, problem = _read(given)
    found = [] if asked.is_empty or problem else search(asked, now=now)
    if asked.id and found:
        return redirect(get_link(asked.id))
    names = dict(Platform.objects.order_by("name").values_list("pk", "name"))
    rows = [
        {
            "call": call,
            "link": get_link(call.correlation_id or call.request_id),
            "sender": show_party(call.sender),
            "receiver": show_party(call.receiver),
            "platform": names.get(call.platform or 0, "–"),
        }
        for call in found
    ]
    context = {
        "rows": rows,
        "given": given,
        "platforms": names.items(),
        "problem": problem,
        "has_asked": bool(given),
        "modules": MODULES,
    }
    return _render(request, "management/journeys.html", {"title": "Find a message", **context}, site=site)


def show_journey(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    _check(request)
    text = request.GET.get("id", "")
    journey = get_journey(text, now=timezone.now()) if text else None
    return _render(
        request, "management/journey.html", {"title": "Journey", "journey": journey, "text": text}, site=site
    )


def get_link(text: str) -> str:
    """In the query, as a partner's ids may have any character."""
    return f"{reverse('admin:management_journey')}?{urlencode({'id': text})}"


def _check(request: HttpRequest) -> None:
    """A journey tells of all of these."""
    if not all(may_see(request, model) for model in (LogCall, LogEvent, Lane, DeadLetter)):
        raise PermissionDenied


def _read(given: dict[str, str]) -> tuple[Asked, str]:
    try:
        return Asked(
            id=given.get("id", ""),
            module=given.get("module", ""),
            owner=PartyId.of_text(given["owner"]).key if given.get("owner") else "",
            object_id=given.get("object_id", ""),
            platform=int(given["platform"]) if given.get("platform") else None,
            since=_read_moment(given.get("from", "")),
            until=_read_moment(given.get("until", "")),
        ), ""
    except ValueError as e:
        return Asked(), str(e)


def _read_moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _render(request: HttpRequest, template: str, context: dict[str, Any], *, site: AdminSite) -> HttpResponse:
    return TemplateResponse(request, template, {**site.each_context(request), **context})
