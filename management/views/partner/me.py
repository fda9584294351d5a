"""Whose partner token this is, what it may do and for whom: the first call of every client."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from management.partner_auth import PartnerView
from management.problems import ProblemSerializer
from management.serializers.partners import PartnerMeSerializer


class PartnerMeView(PartnerView):
    """Open to every valid partner token, whatever its scopes."""

    action_scopes = {None: ()}

    @extend_schema(operation_id="partner_me_retrieve", responses={200: PartnerMeSerializer, 401: ProblemSerializer})
    def get(self, request: Request) -> Response:
        """The token's name, platform and scopes, and the parties it may act for now."""
        token, sides = self.token, self.sides
        me = {
            "name": token.name,
            "platform": token.platform.name,
            "scopes": token.scopes,
            "expires_at": token.expires_at,
            "cpo_parties": sorted(sides.owners),
            "emsp_parties": sorted(sides.token_owners),
        }
        return Response(PartnerMeSerializer(me).data)
