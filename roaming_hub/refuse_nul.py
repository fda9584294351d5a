"""Refuses URLs with a NUL: PostgreSQL holds none, so nothing has such a name, and every query for it would fail."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            told = {"detail": "The URL has a NUL in it, which no name here has.", "what_to_do": "Take %00 out of it."}
            return JsonResponse(told, status=400)
        return get_response(request)

    return respond
