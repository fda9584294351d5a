"""Staff in the admin: accounts, groups and staff tokens. Logs: `log_admin`; partners' tokens: `partner_admin`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from management import log_admin, partner_admin
from management.models import StaffToken
from management.scopes import EXPLAINED
from parties.admin_pages import ReadOnlyAdmin, ask, may_change, show_once

__all__ = ["log_admin", "partner_admin"]

admin.site.index_title = "Dashboard"
admin.site.index_template = "management/dashboard.html"
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class StaffTokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value}: {text}") for scope, text in EXPLAINED.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        model = StaffToken
        fields = ["name", "user", "scopes", "expires_at"]


@admin.register(StaffToken)
class StaffTokenAdmin(ReadOnlyAdmin):
    """Shown once when it is created; afterwards it can be revoked, and nothing else. The digest is never a field."""

    form = StaffTokenForm
    list_display = ["name", "user", "show_scopes", "show_state", "last_used_at", "expires_at", "created_at"]
    search_fields = ["name", "user__username"]
    list_select_related = ["user"]
    ordering = ["name"]
    actions_detail = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["name", "user", "scopes", "expires_at"]
        return ["name", "user", "show_scopes", "show_state", "expires_at", "last_used_at", "created_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj) if obj is not None else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("management.add_stafftoken"))

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @display(description="scopes")
    def show_scopes(self, token: StaffToken) -> str:
        return ", ".join(token.scopes)

    @display(description="state", label={"valid": "success", "revoked": "warning", "ended": "warning"})
    def show_state(self, token: StaffToken) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "valid" if token.is_valid(now=timezone.now()) else "ended"

    def save_model(self, request: HttpRequest, obj: StaffToken, form: Any, change: bool) -> None:
        made, text = StaffToken.issue(
            name=obj.name, scopes=obj.scopes, now=timezone.now(), expires_at=obj.expires_at, user_id=obj.user_id
        )
        obj.pk = made.pk
        request.new_staff_token = text  # type: ignore[attr-defined]  # for the answer to this request only

    def response_add(self, request: HttpRequest, obj: StaffToken, post_url_continue: str | None = None) -> HttpResponse:
        return show_once(
            request,
            model_admin=self,
            title=f"Staff token {obj.name}",
            explanation="For the management API (/api/docs/): 'Authorization: Bearer …'. Only its digest is kept: it "
            "cannot be shown again.",
            secrets=[("Staff token", request.new_staff_token)],  # type: ignore[attr-defined]
            onward=reverse("admin:management_stafftoken_changelist"),
        )

    @action(description="Revoke", icon="block", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = get_object_or_404(StaffToken, pk=object_id)
        if request.method == "POST":
            token.revoke(now=timezone.now())
            self.log_change(request, token, "revoked")
            messages.success(request, f"{token}: revoked.")
            return HttpResponseRedirect(reverse("admin:management_stafftoken_change", args=[token.pk]))
        return ask(
            request,
            model_admin=self,
            obj=token,
            title=f"Revoke {token}",
            explanation="Calls with this token are refused from now on. It cannot be taken back.",
            button="Revoke it",
        )
