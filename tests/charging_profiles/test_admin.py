from __future__ import annotations

import pytest
from django.test import Client
from django.utils.timezone import now

from charging_profiles.models import Setting
from commands.models import Reservation

pytestmark = pytest.mark.django_db


def make_setting(token: str, sender: str, **columns: object) -> Setting:
    return Setting.objects.create(
        token=token, receiver="nlcpo", session_key="s1", sender=sender, asked_at=now(), **columns
    )


class TestSettings:
    def test_marks_a_session_set_by_several(self, admin_client: Client) -> None:  # CP-12
        make_setting("secret-1", "frmsp")
        alone = admin_client.get("/admin/charging_profiles/setting/").content.decode()
        second = make_setting("secret-2", "sescp", succeeded_at=now())
        both = admin_client.get("/admin/charging_profiles/setting/").content.decode()
        second.refused_at = now()
        second.save(update_fields=["refused_at"])
        refused = admin_client.get("/admin/charging_profiles/setting/").content.decode()

        assert [page.count("set by several") for page in (alone, both, refused)] == [0, 2, 0]
        assert "secret-1" not in both

    def test_shows_one(self, admin_client: Client) -> None:
        setting = make_setting("secret-1", "frmsp")
        page = admin_client.get(f"/admin/charging_profiles/setting/{setting.pk}/change/").content.decode()

        assert "FR*MSP" in page
        assert "secret-1" not in page


class TestReservations:
    def test_shows_who_asked_whom(self, admin_client: Client) -> None:
        Reservation.objects.create(
            token="secret-1", requester="frmsp", reservation_key="r1", receiver="nlcpo", asked_at=now()
        )
        page = admin_client.get("/admin/commands/reservation/").content.decode()

        assert "FR*MSP" in page
        assert "secret-1" not in page
