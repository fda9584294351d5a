"""API tokens in the admin, staff's and partners' alike: shown once when made, afterwards revoked; never read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from management.bearer_auth import Token
from parties.admin_pages import ReadOnlyAdmin, ask, may_change, show_once


def make_scopes_field(explained: Mapping[Any, str]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value}: {text}") for scope, text in explained.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )


class TokenForm(forms.ModelForm):
    """For a new token of either kind."""

    def clean_expires_at(self) -> datetime | None:
        ends: datetime | None = self.cleaned_data["expires_at"]
        if ends is not None and ends <= timezone.now():
            raise forms.ValidationError("This is over: the token would open nothing.")
        return ends


class TokenAdmin(ReadOnlyAdmin):
    """The digest is never a field. `holder`: the field that says whose it is."""

    holder: ClassVar[str]
    shown: ClassVar[str]  # what stands beside the text, the one time that it is shown
    ordering = ["name"]
    actions_detail = ["revoke"]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return ["name", self.holder, "show_scopes", "show_state", "last_used_at", "expires_at", "created_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["name", self.holder, "scopes", "expires_at"]
        shown = ["name", self.holder, "show_scopes", "show_state"]
        return [*shown, "expires_at", "last_used_at", "created_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj) if obj is not None else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}"))

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @display(description="scopes")
    def show_scopes(self, token: Token) -> str:
        return ", ".join(token.scopes)

    @display(description="state", label={"valid": "success", "revoked": "warning", "ended": "warning"})
    def show_state(self, token: Token) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "valid" if token.is_valid(now=timezone.now()) else "ended"

    def issue(self, token: Any) -> tuple[Token, str]:
        """What was entered, as a token with its text."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        made, text = self.issue(obj)
        obj.pk = made.pk
        request.new_token = text  # type: ignore[attr-defined]  # for the answer to this request only

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.show(request, obj, request.new_token)  # type: ignore[attr-defined]

    def show(self, request: HttpRequest, token: Token, text: str) -> HttpResponse:
        name = str(self.opts.verbose_name).capitalize()
        return show_once(
            request,
            model_admin=self,
            title=f"{name} {token.name}",
            explanation=self.shown,
            secrets=[(name, text)],
            onward=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        )

    @action(description="Revoke", icon="block", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = get_object_or_404(self.model, pk=object_id)
        if request.method == "POST":
            token.revoke(now=timezone.now())
            self.log_change(request, token, "revoked")
            messages.success(request, f"{token}: revoked.")
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[token.pk]))
        return ask(
            request,
            model_admin=self,
            obj=token,
            title=f"Revoke {token}",
            explanation="Calls with this token are refused from now on. It cannot be taken back.",
            button="Revoke it",
        )
