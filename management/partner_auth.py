"""Who may use the partner API: bearers of a partner token, within its scopes, for the parties of its platform.

Staff's tokens open nothing here, and partner tokens nothing of staff's. A view below /api/partner/ mixes in
`PartnerView` and starts every query with `for_parties(self.sides)`.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from management.models import PartnerToken
from management.partner_scopes import PartnerScope
from management.partner_throttle import PartnerThrottle, TooManyCalls
from management.problems import Explaining
from parties.sides import Sides

WRONG_TOKEN = "This is not a valid partner token: it is unknown, expired or revoked, or its platform is suspended."
WHAT_TO_DO = {
    401: "Send your partner token as 'Authorization: Bearer <token>'; ask the hub's staff for one if you have none.",
    403: "Ask the hub's staff for a partner token that has this scope.",
    404: "Check the id in the URL: the list above it shows what concerns your parties.",
}


class PartnerTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <partner token>`."""

    def authenticate(self, request: Request) -> tuple[Any, PartnerToken] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != b"bearer" or len(parts) != 2:
            raise AuthenticationFailed("Send the partner token as 'Authorization: Bearer <token>'.")
        now = timezone.now()
        token = PartnerToken.find_valid(parts[1].decode("latin-1"), now=now)
        if token is None:
            raise AuthenticationFailed(WRONG_TOKEN)
        token.note_use(now=now)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="partner API"'


class HasPartnerScope(BasePermission):
    """The scopes that the view names for this action or method. A view that names none is closed to everybody."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if not isinstance(token, PartnerToken):
            return False  # DRF turns this into 401 when nobody is authenticated
        needed = get_needed_scopes(request, view=view)
        if needed is None:
            return False
        missing = [scope.value for scope in needed if scope.value not in token.scopes]
        if missing:
            raise PermissionDenied(f"The partner token {token.name!r} lacks the scope {', '.join(missing)}.")
        return True


def get_needed_scopes(request: Request, *, view: APIView) -> tuple[PartnerScope, ...] | None:
    """By action first (`action_scopes`), else `read_scope` for GET and `write_scope` for the rest. None: closed."""
    by_action: dict[str | None, tuple[PartnerScope, ...]] = getattr(view, "action_scopes", {})
    action = getattr(view, "action", None)
    if action in by_action:
        return by_action[action]
    is_reading = request.method in ("GET", "HEAD", "OPTIONS")
    scope: PartnerScope | None = getattr(view, "read_scope" if is_reading else "write_scope", None)
    return None if scope is None else (scope,)


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

    @property
    def sides(self) -> Sides:
        """The caller's parties at this moment; nobody's while the documentation is made."""
        token = getattr(getattr(self, "request", None), "auth", None)
        return Sides.of_platform(token.platform_id) if isinstance(token, PartnerToken) else Sides()
