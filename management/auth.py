"""Who may use the management API: bearers of a staff token, within its scopes. Partners' tokens open nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from management.models import StaffToken
from management.scopes import Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time it would import this file again, as REST framework's default

WRONG_TOKEN = "This is not a valid staff token: it is unknown, expired or revoked."


class StaffTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <staff token>`."""

    def authenticate(self, request: Request) -> tuple[Any, StaffToken] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != b"bearer" or len(parts) != 2:
            raise AuthenticationFailed("Send the staff token as 'Authorization: Bearer <token>'.")
        now = timezone.now()
        token = StaffToken.find_valid(parts[1].decode("latin-1"), now=now)
        if token is None:
            raise AuthenticationFailed(WRONG_TOKEN)
        token.note_use(now=now)
        return token.user or AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="management API"'


class HasScope(BasePermission):
    """The scope that the view names for this method. A view that names none is closed to everybody."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if not isinstance(token, StaffToken):
            return False  # DRF turns this into 401 when nobody is authenticated
        needed = get_needed_scopes(request, view=view)
        if needed is None:
            return False
        missing = [scope.value for scope in needed if scope.value not in token.scopes]
        if missing:
            raise PermissionDenied(f"The staff token {token.name!r} lacks the scope {', '.join(missing)}.")
        return True


def get_needed_scopes(request: Request, *, view: APIView) -> tuple[Scope, ...] | None:
    """By action first (`action_scopes`), else `read_scope` for GET and `write_scope` for the rest. None: closed."""
    by_action: dict[str, tuple[Scope, ...]] = getattr(view, "action_scopes", {})
    action = getattr(view, "action", None)
    if action in by_action:
        return by_action[action]
    is_reading = request.method in ("GET", "HEAD", "OPTIONS")
    scope: Scope | None = getattr(view, "read_scope" if is_reading else "write_scope", None)
    return None if scope is None else (scope,)
