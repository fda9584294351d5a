"""Pages of lists, always {"count", "next", "previous", "results"}. Logs are never counted: their `count` is null."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.response import Response


class Pages(PageNumberPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class LogPages(CursorPagination):
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
