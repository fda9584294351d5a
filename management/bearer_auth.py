"""What both kinds of API token have in common: how one is sent and read, and that a view opens by scopes alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from management.models import PartnerToken, StaffToken

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time it would import its own defaults, which are made from this

Token = StaffToken | PartnerToken


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`, of one kind: the other's tokens are unknown."""

    model: ClassVar[type[Token]]
    kind: ClassVar[str]  # "staff token"
    realm: ClassVar[str]
    wrong: ClassVar[str]

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != b"bearer" or len(parts) != 2:
            raise AuthenticationFailed(f"Send the {self.kind} as 'Authorization: Bearer <token>'.")
        now = timezone.now()
        token = self.model.find_valid(parts[1].decode("latin-1"), now=now)
        if token is None:
            raise AuthenticationFailed(self.wrong)
        token.note_use(now=now)
        return getattr(token, "user", None) or AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="{self.realm}"'


class HasScopes(BasePermission):
    """The scopes that the view names for this action or method. A view that names none is closed to everybody."""

    model: ClassVar[type[Token]]
    kind: ClassVar[str]

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if not isinstance(token, self.model):
            return False  # DRF turns this into 401 when nobody is authenticated
        needed = get_needed_scopes(request, view=view)
        if needed is None:
            return False
        missing = [scope.value for scope in needed if scope.value not in token.scopes]
        if missing:
            raise PermissionDenied(f"The {self.kind} {token.name!r} lacks the scope {', '.join(missing)}.")
        return True


def get_needed_scopes(request: Request, *, view: APIView) -> tuple[StrEnum, ...] | None:
    """By action first (`action_scopes`), else `read_scope` for GET and `write_scope` for the rest. None: closed."""
    by_action: dict[str | None, tuple[StrEnum, ...]] = getattr(view, "action_scopes", {})
    action = getattr(view, "action", None)
    if action in by_action:
        return by_action[action]
    is_reading = request.method in ("GET", "HEAD", "OPTIONS")
    scope: StrEnum | None = getattr(view, "read_scope" if is_reading else "write_scope", None)
    return None if scope is None else (scope,)
