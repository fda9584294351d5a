"""Pages of lists, always {"count", "next", "previous", "results"}. Logs are never counted: their `count` is null."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.response import Response


class NoSuchPage(NotFound):
    what_to_do = "Start with the first page, without a number or cursor, and follow `next` from there."


class NamedPages:
    """To be told what is wrong with a page is no reason to look for an id."""

    def paginate_queryset(self, *args: Any, **options: Any) -> Any:
        try:
            return super().paginate_queryset(*args, **options)  # type: ignore[misc]
        except NotFound as e:
            raise NoSuchPage(e.detail) from e


class PublicLinks:
    """Links to other pages start with HUB_PUBLIC_URL: nothing the hub says about itself comes from the Host header."""

    def get_next_link(self) -> str | None:
        return _make_public(super().get_next_link())  # type: ignore[misc]

    def get_previous_link(self) -> str | None:
        return _make_public(super().get_previous_link())  # type: ignore[misc]


def _make_public(link: str | None) -> str | None:
    if link is None:
        return None
    parts = urlsplit(link)
    return f"{settings.HUB_PUBLIC_URL}{parts.path}?{parts.query}".removesuffix("?")


class Pages(NamedPages, PublicLinks, PageNumberPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class LogPages(NamedPages, PublicLinks, CursorPagination):
    """Newest first along the log's key, so that a page costs the same however long the log is."""

    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = ("-at", "-id")

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"count": None, "next": self.get_next_link(), "previous": self.get_previous_link(), "results": data}
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        page["properties"]["count"] = {"type": "integer", "nullable": True, "description": "Always null: not counted."}
        return page
