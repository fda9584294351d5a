"""Whoever looks after accounts gives nobody, himself least of all, rights that he does not have."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from management.models import StaffToken
from tests.management.cast import make_staff

pytestmark = pytest.mark.django_db

DEEDS = ("view", "add", "change", "delete")
KEEPER = [f"{deed}_{kind}" for kind in ("user", "group", "stafftoken") for deed in DEEDS]


def give(account: User, *codenames: str) -> User:
    account.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return account


@pytest.fixture
def keeper(client: Client) -> Client:
    """Of the accounts, and of nothing else."""
    client.force_login(give(User.objects.create_user("keeper", is_staff=True), *KEEPER))
    return client


def change(client: Client, account: User, **columns: object) -> int:
    form = {"username": account.username, "is_active": "on", "is_staff": "on", **columns}
    form |= {"date_joined_0": "2026-11-01", "date_joined_1": "00:00:00"}
    return client.post(reverse("admin:auth_user_change", args=[account.pk]), form).status_code


class TestKeeper:
    def test_gives_no_rights(self, keeper: Client):
        own = User.objects.get(username="keeper")
        powerful = Group.objects.create(name="money")
        right = Permission.objects.get(codename="change_terms")

        given = {"is_superuser": "on", "groups": powerful.pk, "user_permissions": right.pk, "first_name": "Jo"}
        assert change(keeper, own, **given) == 302

        own.refresh_from_db()
        assert (own.first_name, own.is_superuser) == ("Jo", False)
        assert not own.groups.exists()
        assert not own.has_perm("settlement.change_terms")

    @pytest.mark.parametrize("is_active", [True, False])
    @pytest.mark.parametrize("kind", ["superuser", "more rights", "more rights by a group"])
    def test_takes_over_no_account_that_has_more(self, keeper: Client, kind: str, is_active: bool):
        account = User.objects.create(username="other", is_staff=True, is_superuser=kind == "superuser")
        right = Permission.objects.get(codename="change_terms")
        if kind == "more rights":
            account.user_permissions.add(right)
        if kind == "more rights by a group":
            account.groups.add(Group.objects.create(name="money"))
            account.groups.get().permissions.add(right)
        User.objects.filter(pk=account.pk).update(is_active=is_active)
        password = {"password1": "something-new-7", "password2": "something-new-7", "usable_password": "true"}

        answers = [
            change(keeper, account),
            keeper.post(reverse("admin:auth_user_password_change", args=[account.pk]), password).status_code,
            keeper.post(reverse("admin:auth_user_delete", args=[account.pk]), {"post": "yes"}).status_code,
        ]

        assert answers == [403, 403, 403]
        account.refresh_from_db()
        assert (account.is_active, account.password) == (is_active, "")

    def test_looks_after_others(self, keeper: Client):
        account = give(User.objects.create_user("other", is_staff=True), "view_user")

        assert change(keeper, account, first_name="Jo") == 302
        assert User.objects.get(username="other").first_name == "Jo"

    def test_changes_no_group(self, keeper: Client):
        group = Group.objects.create(name="money")

        answers = [
            keeper.post(reverse("admin:auth_group_add"), {"name": "mine"}).status_code,
            keeper.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "mine"}).status_code,
            keeper.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code,
        ]

        assert answers == [403, 403, 403]
        assert [one.name for one in Group.objects.all()] == ["money"]

    def test_makes_no_token_for_the_api(self, keeper: Client):
        form = {"name": "mine", "scopes": ["settlement:write"]}

        assert keeper.post(reverse("admin:management_stafftoken_add"), form).status_code == 403
        assert not StaffToken.objects.exists()


class TestSuperuser:
    def test_gives_them(self, client: Client):
        client.force_login(make_staff())
        account = User.objects.create_user("other", is_staff=True)
        right = Permission.objects.get(codename="change_terms")

        assert change(client, account, user_permissions=right.pk) == 302

        assert User.objects.get(username="other").has_perm("settlement.change_terms")
