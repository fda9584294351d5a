"""Staff in the admin: accounts, groups and staff tokens. Logs: `log_admin`; partners' tokens: `partner_admin`."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from management import log_admin, partner_admin
from management.models import StaffToken
from management.scopes import EXPLAINED
from management.token_admin import TokenAdmin, TokenForm, make_scopes_field

__all__ = ["log_admin", "partner_admin"]

admin.site.index_title = "Dashboard"
admin.site.index_template = "management/dashboard.html"
admin.site.unregister(User)
admin.site.unregister(Group)


# Only a superuser gives rights. Others who may change accounts and tokens would soon have every right themselves.


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, "is_superuser", "groups", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_become(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_become(request, obj)


def _may_become(request: HttpRequest, account: User | None) -> bool:
    """Whoever sets its password can log in with it: so only if it has no more rights, be it awake or not."""
    if account is None or request.user.is_superuser:
        return True
    return not account.is_superuser and request.user.has_perms(User(pk=account.pk).get_all_permissions())


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser


class StaffTokenForm(TokenForm):
    scopes = make_scopes_field(EXPLAINED)

    class Meta:
        model = StaffToken
        fields = ["name", "user", "scopes", "expires_at"]


@admin.register(StaffToken)
class StaffTokenAdmin(TokenAdmin):
    when_empty = "One lets a program use the management API. Add the first."
    form = StaffTokenForm
    holder = "user"
    shown = (
        "For the management API (/api/docs/): 'Authorization: Bearer …'. Only its digest is kept: it cannot be shown "
        "again."
    )
    search_fields = ["name", "user__username"]
    search_help_text = "Part of the name of the token or of the user"
    list_select_related = ["user"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def issue(self, token: StaffToken) -> tuple[StaffToken, str]:
        return StaffToken.issue(
            name=token.name,
            scopes=token.scopes,
            now=timezone.now(),
            expires_at=token.expires_at,
            user_id=token.user_id,
        )
