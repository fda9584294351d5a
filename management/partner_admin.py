"""Partner tokens in the admin: shown once when made or rotated; afterwards revoked, and nothing else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from management.models import PartnerToken
from management.partner_scopes import EXPLAINED
from parties.admin_pages import ReadOnlyAdmin, ask, may_change, show_once

SHOWN = "For the partner API (/api/docs/): 'Authorization: Bearer …'. Only its digest is kept: now or never."


class PartnerTokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value}: {text}") for scope, text in EXPLAINED.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        model = PartnerToken
        fields = ["name", "platform", "scopes", "expires_at"]


@admin.register(PartnerToken)
class PartnerTokenAdmin(ReadOnlyAdmin):
    """The digest is never a field."""

    form = PartnerTokenForm
    list_display = ["name", "platform", "show_scopes", "show_state", "last_used_at", "expires_at", "created_at"]
    search_fields = ["name", "platform__name"]
    list_select_related = ["platform"]
    ordering = ["name"]
    actions_detail = ["rotate", "revoke"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["name", "platform", "scopes", "expires_at"]
        shown = ["name", "platform", "show_scopes", "show_state"]
        return [*shown, "expires_at", "last_used_at", "created_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj) if obj is not None else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("management.add_partnertoken"))

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @display(description="scopes")
    def show_scopes(self, token: PartnerToken) -> str:
        return ", ".join(token.scopes)

    @display(description="state", label={"valid": "success", "revoked": "warning", "ended": "warning"})
    def show_state(self, token: PartnerToken) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "valid" if token.is_valid(now=timezone.now()) else "ended"

    def save_model(self, request: HttpRequest, obj: PartnerToken, form: Any, change: bool) -> None:
        made, text = PartnerToken.issue(
            platform=obj.platform, name=obj.name, scopes=obj.scopes, now=timezone.now(), expires_at=obj.expires_at
        )
        obj.pk = made.pk
        request.new_partner_token = text  # type: ignore[attr-defined]  # for the answer to this request only

    def response_add(
        self, request: HttpRequest, obj: PartnerToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show(request, obj, request.new_partner_token)  # type: ignore[attr-defined]

    def _show(self, request: HttpRequest, token: PartnerToken, text: str) -> HttpResponse:
        return show_once(
            request,
            model_admin=self,
            title=f"Partner token {token.name}",
            explanation=SHOWN,
            secrets=[("Partner token", text)],
            onward=reverse("admin:management_partnertoken_changelist"),
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
                return self._show(request, token, text)
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

    @action(description="Revoke", icon="block", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = get_object_or_404(PartnerToken, pk=object_id)
        if request.method == "POST":
            token.revoke(now=timezone.now())
            self.log_change(request, token, "revoked")
            messages.success(request, f"{token}: revoked.")
            return HttpResponseRedirect(reverse("admin:management_partnertoken_change", args=[token.pk]))
        return ask(
            request,
            model_admin=self,
            obj=token,
            title=f"Revoke {token}",
            explanation="Calls with this token are refused from now on. It cannot be taken back.",
            button="Revoke it",
        )
