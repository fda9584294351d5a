"""The documentation of this API, as OpenAPI."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class SchemaView(SpectacularAPIView):
    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        media_type = request.accepted_renderer.media_type
        return HttpResponse(_render(media_type), content_type=f"{media_type}; charset=utf-8")


@cache
def _render(media_type: str) -> str | bytes:
    """Once per process and format: it takes half a second of a processor, and anybody may ask for it."""
    renderer = next(one for one in SchemaView.renderer_classes if one.media_type == media_type)
    return renderer().render(SchemaGenerator().get_schema(request=None, public=True), renderer_context={})
