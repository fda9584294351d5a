"""To look is not to act."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from forwarding.models import DeadLetter, Lane
from management.models import StaffToken
from tests.admin.every_page import url_of
from tests.management.cast import NOW

pytestmark = pytest.mark.django_db


class TestPermissions:
    def test_to_look_is_not_to_act(self, client, rows):
        """Somebody who may view platforms gets no button that changes one."""
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        client.force_login(viewer)
        platform, agreement = rows["parties_platform"], rows["agreements_agreement"]

        assert client.get(url_of("parties_platform", "change", platform)).status_code == 200
        for action in ("issue_token_a", "register_now", "rotate_tokens", "update_connection", "suspend_platform"):
            assert client.post(reverse(f"admin:parties_platform_{action}", args=[platform])).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_end_now", args=[agreement])).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_enter")).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_import_csv")).status_code == 403
        token = rows["management_stafftoken"]
        assert client.post(reverse("admin:management_stafftoken_revoke", args=[token])).status_code == 403
        assert client.get(reverse("admin:management_stafftoken_add")).status_code == 403
        Lane.objects.update(retry_at=NOW)
        for name, deed in (("forwarding_lane", "retry_now"), ("forwarding_deadletter", "close_selected")):
            client.post(url_of(name, "changelist"), {"action": deed, "_selected_action": [rows[name]]})
        assert not LogEntry.objects.exists()
        assert StaffToken.objects.get().revoked_at is None
        assert Lane.objects.get().retry_at == NOW
        assert DeadLetter.objects.get().closed_at is None

    def test_of_looking_alone_leads_to_no_deed_in_any_list(self, rf):
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        request = rf.get("/admin/")
        request.user = viewer

        offered = {model.__name__: list(page.get_actions(request)) for model, page in admin.site._registry.items()}

        assert {name: deeds for name, deeds in offered.items() if deeds} == {}
