from __future__ import annotations

import pytest

from journal.models import PullRequest
from parties.models import Platform
from tests.management.cast import NOW, make_client, make_platform

pytestmark = pytest.mark.django_db


class TestAsking:
    def test_asks_for_a_list_and_shows_how_it_goes(self):
        platform, client = make_platform(), make_client()

        answer = client.post(f"/api/platforms/{platform.pk}/pull/", {"modules": ["locations"], "full": True}, "json")

        assert answer.status_code == 202
        assert [(pull["party"], pull["module"], pull["is_full"]) for pull in answer.json()] == [
            ("NL*CPO", "locations", True)
        ]
        shown = client.get("/api/pulls/", {"platform": platform.pk}).json()["results"]
        assert (shown[0]["state"], shown[0]["reason"], shown[0]["pages"]) == ("WAITING", "STAFF", 0)

    def test_without_names_asks_for_every_list_there_is(self):
        platform = make_platform()

        answer = make_client().post(f"/api/platforms/{platform.pk}/pull/", {}, "json")

        assert [(pull["module"], pull["is_full"]) for pull in answer.json()] == [("locations", False)]

    @pytest.mark.parametrize(
        ("asked", "code"), [({"modules": ["weather"]}, 400), ({"modules": ["cdrs"]}, 409), ({"full": "maybe"}, 400)]
    )
    def test_refuses_what_is_not_there(self, asked, code):
        platform = make_platform()

        answer = make_client().post(f"/api/platforms/{platform.pk}/pull/", asked, "json")

        assert answer.status_code == code
        assert not PullRequest.objects.exists()

    def test_refuses_a_platform_that_is_not_registered(self):
        platform = make_platform(state=Platform.State.SUSPENDED)

        assert make_client().post(f"/api/platforms/{platform.pk}/pull/", {}, "json").status_code == 409

    def test_needs_the_scope(self):
        platform = make_platform()
        client = make_client("platforms:read")

        assert client.post(f"/api/platforms/{platform.pk}/pull/", {}, "json").status_code == 403
        assert client.get("/api/pulls/").status_code == 403


class TestSchedule:
    def change(self, platform: Platform, **settings: object) -> int:
        return make_client().patch(f"/api/platforms/{platform.pk}/", settings, "json").status_code

    def test_is_set_at_the_platform(self):
        platform = make_platform()

        assert self.change(platform, pull_schedule={"locations": 6}, pull_full_hours=24) == 200

        platform.refresh_from_db()
        assert (platform.pull_schedule, platform.pull_full_hours) == ({"locations": 6}, 24)

    @pytest.mark.parametrize("schedule", [{"locations": 0}, {"weather": 6}, [], "6"])
    def test_nonsense_is_refused(self, schedule):
        assert self.change(make_platform(), pull_schedule=schedule) == 400


class TestReading:
    def test_filters_by_state(self):
        for state in ("DONE", "FAILED"):
            PullRequest.objects.create(
                platform=1, party="nlcpo", module="cdrs", reason="STAFF", requested_at=NOW, due_at=NOW, state=state
            )

        shown = make_client("traffic:read").get("/api/pulls/", {"state": "FAILED"}).json()["results"]

        assert [pull["state"] for pull in shown] == ["FAILED"]
