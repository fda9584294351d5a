"""Which staff token this is and what it may do: the first call of every client."""

from __future__ import annotations

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from management.models import StaffToken
from management.problems import Explaining, ProblemSerializer
from management.serializers.traffic import MeSerializer


class MeView(Explaining):
    """Open to every valid staff token, whatever its scopes."""

    action_scopes = {None: ()}

    @extend_schema(responses={200: MeSerializer, 401: ProblemSerializer})
    def get(self, request: Request) -> Response:
        """The token's name, person and scopes."""
        token = cast(StaffToken, request.auth)
        me = {
            "name": token.name,
            "user": token.user.get_username() if token.user else None,
            "scopes": token.scopes,
            "expires_at": token.expires_at,
        }
        return Response(MeSerializer(me).data)
