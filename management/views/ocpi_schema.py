"""The documentation of the OCPI surface, served from the hub's own files."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from management.ocpi_schema import make_document
from parties.registry import get_modules


class OcpiSchemaView(APIView):
    """OpenAPI 3.1, as JSON. Public, like the specification it is about."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(make_document(get_modules(), url=f"{settings.HUB_PUBLIC_URL}/ocpi"))


class OcpiDocsView(SpectacularSwaggerView):
    url_name = "ocpi-schema"
    title = "Roaming hub: OCPI surface"
