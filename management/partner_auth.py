"""Who may use the partner API: bearers of a partner token, within its scopes, for the parties of its platform.

Staff's tokens open nothing here, and partner tokens nothing of staff's. A view below /api/partner/ mixes in
`PartnerView` and starts every query with `for_parties(self.sides)`.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

from django.conf import settings
from rest_framework.request import Request

from management.bearer_auth import BearerAuthentication, HasScopes
from management.models import PartnerToken
from management.partner_throttle import PartnerThrottle, TooManyCalls
from management.problems import Explaining
from management.serializers.partner_views import OWN_NAMES
from parties.sides import Sides

WHAT_TO_DO = {
    401: "Send your partner token as 'Authorization: Bearer <token>'; ask the hub's staff for one if you have none.",
    403: "Ask the hub's staff for a partner token that has this scope.",
    404: "Check the id in the URL: the list above it shows what concerns your parties.",
}


class PartnerTokenAuthentication(BearerAuthentication):
    model = PartnerToken
    kind = "partner token"
    realm = "partner API"
    wrong = "This is not a valid partner token: it is unknown, expired or revoked, or its platform is suspended."


class HasPartnerScope(HasScopes):
    model = PartnerToken
    kind = "partner token"


class PartnerView(Explaining):
    """Mixed into every view of the partner API, before DRF's own classes."""

    authentication_classes = [PartnerTokenAuthentication]
    permission_classes = [HasPartnerScope]
    throttle_classes = [PartnerThrottle]
    what_to_do = WHAT_TO_DO

    def throttled(self, request: Request, wait: float | None) -> NoReturn:
        raise TooManyCalls(limit=settings.HUB_PARTNER_RATE, wait=wait or 1)

    @property
    def token(self) -> PartnerToken:
        return cast(PartnerToken, self.request.auth)

    def get_serializer_context(self) -> dict[str, Any]:
        """With the names that the caller may read: those of its platform's own tokens."""
        token = getattr(getattr(self, "request", None), "auth", None)
        own = PartnerToken.objects.filter(platform=token.platform_id) if isinstance(token, PartnerToken) else ()
        names = frozenset(one.name for one in own)
        return {**super().get_serializer_context(), OWN_NAMES: names}  # type: ignore[misc]

    @property
    def sides(self) -> Sides:
        """The caller's parties at this moment; nobody's while the documentation is made."""
        token = getattr(getattr(self, "request", None), "auth", None)
        return Sides.of_platform(token.platform_id) if isinstance(token, PartnerToken) else Sides()
