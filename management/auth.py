"""Who may use the management API: bearers of a staff token, within its scopes. Partners' tokens open nothing here."""

from __future__ import annotations

from management.bearer_auth import BearerAuthentication, HasScopes
from management.models import StaffToken


class StaffTokenAuthentication(BearerAuthentication):
    model = StaffToken
    kind = "staff token"
    realm = "management API"
    wrong = "This is not a valid staff token: it is unknown, expired or revoked."


class HasScope(HasScopes):
    model = StaffToken
    kind = "staff token"
