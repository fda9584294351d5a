"""Peer hubs over the management API: planned, shown with who is behind them, asked for their list."""

from __future__ import annotations

import pytest

from parties.models import Endpoint, Party
from tests.management.cast import make_behind, make_client, make_platform

pytestmark = pytest.mark.django_db

HUB = {"country_code": "SE", "party_id": "HU2", "role": "HUB", "name": "Other hub"}


class TestPeerHubs:
    def test_are_planned_like_any_partner(self):
        answer = make_client().post("/api/platforms/", {"name": "Other hub", "parties": [HUB]}, format="json")

        assert answer.status_code == 201
        assert (Party.objects.get().role, str(Party.objects.get().id_pair)) == ("HUB", "SE*HU2")

    def test_are_shown_with_who_is_behind_them(self):
        platform = make_platform("Other hub", party="SE*HU2", role="HUB")
        make_behind(platform, status="OFFLINE")

        shown = make_client().get(f"/api/platforms/{platform.pk}/").json()

        assert shown["parties_behind"] == [
            {
                "country_code": "DK",
                "party_id": "R4E",
                "role": "EMSP",
                "status": "OFFLINE",
                "last_updated": "2026-11-20T12:00:00Z",
                "changed_at": "2026-11-20T12:00:00Z",
            }
        ]

    def test_are_asked_who_is_behind_them(self):
        platform = make_platform("Other hub", party="SE*HU2", role="HUB")
        Endpoint.objects.create(
            platform=platform, module="hubclientinfo", interface="SENDER", url="https://h.example/h"
        )

        answer = make_client().post(f"/api/platforms/{platform.pk}/pull/", {}, format="json")

        assert answer.status_code == 202
        assert [(pull["module"], pull["party"], pull["is_full"]) for pull in answer.json()] == [
            ("hubclientinfo", "SE*HU2", True)
        ]

    def test_without_a_list_are_not(self):
        platform = make_platform("Other hub", party="SE*HU2", role="HUB")

        assert make_client().post(f"/api/platforms/{platform.pk}/pull/", {}, format="json").status_code == 409

    def test_agreements_are_made_with_who_is_behind_them(self):
        terms = {"provider": "NL*CPO", "consumer": "DK*R4E", "modules": ["locations"]}
        make_behind(make_platform("Other hub", party="SE*HU2", role="HUB"))

        assert make_client().post("/api/agreements/", terms, format="json").status_code == 201
