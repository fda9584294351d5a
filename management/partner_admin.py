"""Partner tokens in the admin: bound to a platform, and rotated in place."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from management.models import PartnerToken
from management.partner_scopes import EXPLAINED
from management.token_admin import TokenAdmin, TokenForm, make_scopes_field
from parties.admin_pages import ask


class PartnerTokenForm(TokenForm):
    scopes = make_scopes_field(EXPLAINED)

    class Meta:
        model = PartnerToken
        fields = ["name", "platform", "scopes", "expires_at"]


@admin.register(PartnerToken)
class PartnerTokenAdmin(TokenAdmin):
    when_empty = "One lets a partner use the partner API for its own bills. Add the first."
    form = PartnerTokenForm
    holder = "platform"
    shown = "For the partner API (/api/docs/): 'Authorization: Bearer …'. Only its digest is kept: now or never."
    search_fields = ["name", "platform__name"]
    search_help_text = "Part of the name of the token or of the platform"
    list_select_related = ["platform"]
    actions_detail = ["rotate", "revoke"]

    def issue(self, token: PartnerToken) -> tuple[PartnerToken, str]:
        return PartnerToken.issue(
            platform=token.platform,
            name=token.name,
            scopes=token.scopes,
            now=timezone.now(),
            expires_at=token.expires_at,
        )

    @action(description="Rotate", icon="autorenew", permissions=["revoke"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = get_object_or_404(PartnerToken, pk=object_id)
        errors: list[str] = []
        if request.method == "POST":
            try:
                text = token.rotate(now=timezone.now())
            except ValueError as e:
                errors = [str(e)]
            else:
                self.log_change(request, token, "rotated")
                return self.show(request, token, text)
        return ask(
            request,
            model_admin=self,
            obj=token,
            title=f"Rotate {token}",
            explanation="A new text with the same rights. The old one is void at once: to change over without a gap, "
            "create a second token, and revoke this one later.",
            button="Rotate it",
            errors=errors,
        )
