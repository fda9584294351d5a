from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db.utils import OperationalError
from django.urls import reverse

from alerts.models import Alert
from management import dashboard
from management.chart import draw, get_nice_top
from management.outcome import Outcome
from parties.models import Platform
from tests.management.cast import (
    NOW,
    log_call,
    log_event,
    make_agreement,
    make_dead_letter,
    make_finding,
    make_lane,
    make_platform,
    make_staff,
)

LATER = NOW + timedelta(minutes=20)


@pytest.mark.django_db
class TestDashboard:
    @pytest.fixture(autouse=True)
    def _clock(self, time_machine):
        time_machine.move_to(LATER, tick=False)

    def open(self, client):
        client.force_login(make_staff())
        return client.get(reverse("admin:index"))

    def test_is_calm_when_nothing_is_wrong(self, client):
        make_platform()

        page = self.open(client)

        assert page.context["notices"] == []
        assert "Nothing. All registered partners" in page.content.decode()

    def test_names_what_needs_attention_worst_first(self, client):
        gone = make_platform("Gone Co", is_online=False)
        slow = make_platform("Slow Co", party="FR*MSP", role="EMSP")
        make_platform("New Co", party="IT*MSX", role="EMSP", state=Platform.State.PLANNED)
        make_lane(slow, cursor=log_event() - 1)
        make_lane(gone, needs_resync=True, cursor=10**9)
        make_dead_letter(slow)
        make_finding()
        make_agreement("NL*CPO", "FR*MSP", valid_until=LATER + timedelta(days=3))

        notices = self.open(client).context["notices"]

        assert [(notice.level, notice.text.split()[0]) for notice in notices] == [
            ("alarm", "Gone"),
            ("alarm", "Gone"),
            ("warning", "Slow"),
            ("warning", "Slow"),
            ("warning", "1"),
            ("note", "New"),
            ("note", "The"),
        ]
        for notice in notices:
            assert client.get(notice.link).status_code == 200

    def test_names_parties_of_agreements_that_no_platform_has(self, client):
        agreement = make_agreement("NL*CPO", "FR*MSQ")
        make_agreement("DE*CPO", "FR*MSQ")
        make_platform(party="NL*CPO")

        notices = self.open(client).context["notices"]

        assert [notice.text for notice in notices] == [
            f"FR*MSQ is not a party of any platform yet. See {agreement}.",
            "DE*CPO is not a party of any platform yet. See DE*CPO – FR*MSQ.",
        ]
        assert client.get(notices[0].link).status_code == 200

    def test_names_who_is_paused_and_for_how_long(self, client):
        platform = make_platform()
        for sublane in (0, 1):
            make_lane(platform, sublane=sublane, cursor=10**9, paused_at=NOW)

        notices = self.open(client).context["notices"]

        assert [notice.text for notice in notices] == ["Charge Co is paused for 20\xa0minutes: it is told nothing."]

    def test_counts_calls_by_outcome_and_time(self, client):
        log_call(at=LATER - timedelta(minutes=3))
        log_call(at=LATER - timedelta(minutes=3), status_code=2001)
        log_call(at=LATER - timedelta(hours=2))

        page = self.open(client)

        assert dict(page.context["totals"]) == {"accepted": 1, "refused": 1, "failed": 0, "unreached": 0}
        assert page.content.decode().count("<rect") == 2

    def test_comes_up_though_there_are_too_many_calls(self, client, monkeypatch):
        def overrun(**bounds):
            raise OperationalError("canceling statement due to statement timeout")

        monkeypatch.setattr(dashboard, "_count_calls", overrun)

        page = self.open(client)

        assert page.status_code == 200
        assert "too many calls" in page.content.decode()

    def test_costs_as_many_queries_for_many_partners(self, client, django_assert_max_num_queries):
        for number in range(8):
            make_lane(make_platform(f"Co {number}", party=f"NL*C{number}"), cursor=0)
        client.force_login(make_staff())

        with django_assert_max_num_queries(30):
            client.get(reverse("admin:index"))

    @pytest.mark.parametrize(("permission", "seen"), [
        ("view_user", set()),
        ("view_platform", {"Gone Co", "Partners", "platforms registered"}),
        ("view_lane", {"Gone Co"}),
        ("view_deadletter", {"Gone Co", "Gone Co did not take 1 object", "open dead letters"}),
        ("view_finding", {"1 open finding", "open findings"}),
        ("view_agreement", {"ends in"}),
        ("view_logcall", {"Calls of the last hour"}),
        ("view_alert", {"It is late", "Alerts"}),
    ])  # fmt: skip
    def test_shows_each_part_to_those_who_may_see_its_page(self, client, permission, seen):
        gone = make_platform("Gone Co", is_online=False)
        make_lane(gone, needs_resync=True, cursor=10**9)
        make_dead_letter(gone)
        make_finding()
        make_agreement(valid_until=LATER + timedelta(days=3))
        moments = {"first_seen_at": NOW, "last_seen_at": NOW, "opened_at": NOW}
        Alert.objects.create(kind="lane_behind", severity="warning", title="It is late", **moments)
        viewer = User.objects.create(username="viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename=permission))
        client.force_login(viewer)

        page = client.get(reverse("admin:index")).content.decode().partition('<div class="hub-dashboard">')[2]

        everything = {
            *("Gone Co", "Partners", "platforms registered", "Gone Co did not take 1 object", "open dead letters"),
            *("1 open finding", "open findings", "ends in", "Calls of the last hour", "It is late", "Alerts"),
        }
        assert {text for text in everything if text in page} == seen

    def test_fetches_nothing_from_elsewhere(self, client):
        text = self.open(client).content.decode()

        assert 'src="http' not in text
        assert "style=" not in text.split('<div class="hub-dashboard">')[1].split("</svg>")[0]


class TestDraw:
    def test_stacks_the_outcomes_of_a_slot(self):
        slot = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

        chart = draw([slot], {(slot, Outcome.ACCEPTED): 3, (slot, Outcome.FAILED): 1})

        below, above = chart.segments
        assert (below.outcome, above.outcome) == ("accepted", "failed")
        assert above.y + above.height == pytest.approx(below.y, abs=0.2)
        assert below.height == pytest.approx(3 * above.height, abs=0.3)

    def test_draws_an_empty_hour(self):
        assert draw([datetime(2026, 11, 20, 12, 0, tzinfo=UTC)], {}).segments == ()

    @pytest.mark.parametrize(("count", "top"), [(0, 2), (2, 2), (3, 4), (11, 20), (25, 40), (41, 100), (999, 1000)])
    def test_chooses_round_numbers_for_the_axis(self, count, top):
        assert get_nice_top(count) == top
