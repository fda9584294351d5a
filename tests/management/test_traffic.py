from __future__ import annotations

from datetime import timedelta

import pytest

from forwarding import resend as resending
from forwarding.models import DeadLetter
from management.models import LogCall
from management.outcome import OUTCOME_IN_SQL, Outcome, get_outcome
from tests.management.cast import (
    NOW,
    UID,
    log_call,
    log_event,
    make_client,
    make_dead_letter,
    make_lane,
    make_platform,
)

pytestmark = pytest.mark.django_db


class TestLanes:
    def test_show_how_far_behind_they_are(self, time_machine):
        time_machine.move_to(NOW + timedelta(seconds=90), tick=False)
        platform = make_platform()
        first = log_event(sublane=0)
        log_event(sublane=0, at=NOW + timedelta(seconds=30))
        log_event(sublane=1)
        make_lane(platform, sublane=0, cursor=first - 1)
        make_lane(platform, sublane=1, cursor=first + 100)

        behind, done = make_client().get("/api/lanes/").json()["results"]

        assert (behind["events_behind"], behind["seconds_behind"]) == (2, 90)
        assert (done["events_behind"], done["seconds_behind"]) == (0, 0)
        assert behind["platform_name"] == "Charge Co"

    def test_count_what_waits_behind_the_place_they_have_looked_at(self, time_machine):
        """An object that waits does not hold the others: what was sent past it is not behind (decision 3)."""
        time_machine.move_to(NOW + timedelta(seconds=90), tick=False)
        events = [log_event() for _ in range(4)]
        waits = {f"{events[0]}:frmsp": [2, 1, 0, (NOW + timedelta(seconds=10)).timestamp()]}
        make_lane(make_platform(), cursor=events[0] - 1, seen=events[2], seen_at=NOW, waiting=waits)

        lane = make_client().get("/api/lanes/").json()["results"][0]

        assert (lane["events_behind"], lane["seconds_behind"]) == (2, 90)

    def test_retry_at_once(self):
        lane = make_lane(make_platform(), failures=3, retry_at=NOW)

        response = make_client().post(f"/api/lanes/{lane.pk}/retry/")

        assert response.status_code == 200
        assert response.json()["retry_at"] is None


class TestDeadLetters:
    def test_are_listed_without_personal_data(self):
        make_dead_letter(make_platform())

        text = make_client().get("/api/dead-letters/").content.decode()

        assert UID not in text
        assert '"receiver":"NL*CPO"' in text
        assert '"path":"FR/MSP/…L89"' in text

    def test_one_shows_what_would_be_sent(self):
        letter = make_dead_letter(make_platform())

        found = make_client().get(f"/api/dead-letters/{letter.pk}/").json()

        assert found["path"] == f"FR/MSP/{UID}"
        assert found["body"] == letter.body

    def test_are_found_by_state_and_party(self):
        platform = make_platform()
        opened = make_dead_letter(platform, event=1)
        resent = make_dead_letter(platform, event=2, resent_at=NOW)
        closed = make_dead_letter(platform, event=3, closed_at=NOW, receiver="demsx", sender="itcpo")
        client = make_client()

        def find(query):
            return [found["id"] for found in client.get(f"/api/dead-letters/?{query}").json()["results"]]

        assert find("state=open") == [opened.pk]
        assert find("state=resent") == [resent.pk]
        assert find("state=closed") == [closed.pk]
        assert find("party=de*msx") == [closed.pk]

    def test_are_resent(self, monkeypatch):
        sent = []
        monkeypatch.setattr(resending, "resend", lambda letter, *, now: sent.append(letter.pk))
        letter = make_dead_letter(make_platform())

        response = make_client().post(f"/api/dead-letters/{letter.pk}/resend/")

        assert response.status_code == 200
        assert sent == [letter.pk]

    def test_are_closed_and_stay_so(self, monkeypatch):
        monkeypatch.setattr(resending, "resend", lambda letter, *, now: pytest.fail("must not be sent"))
        letter = make_dead_letter(make_platform())
        client = make_client()

        assert client.post(f"/api/dead-letters/{letter.pk}/close/").json()["state"] == "closed"
        assert client.post(f"/api/dead-letters/{letter.pk}/close/").status_code == 409
        assert client.post(f"/api/dead-letters/{letter.pk}/resend/").status_code == 409
        assert DeadLetter.objects.get().closed_at is not None


class TestCallLog:
    def find(self, query):
        page = make_client().get(f"/api/call-log/?{query}").json()
        return [found["id"] for found in page["results"]]

    @pytest.mark.parametrize(
        "query",
        [
            "party=de*cpx",
            "party=IT*MSX",
            "object_id=LOC9",
            "request_id=req-9",
            "correlation_id=corr-9",
            "from=2026-11-20T13:00:00Z",
            "status=refused",
            "status_code=2001",
            "module=tariffs",
            "leg=out",
        ],
    )
    def test_finds(self, query):
        log_call()
        other = log_call(
            at=NOW + timedelta(hours=2),
            sender="decpx",
            receiver="itmsx",
            object_id="LOC9",
            request_id="req-9",
            correlation_id="corr-9",
            status_code=2001,
            module="tariffs",
            leg="out",
        )

        assert self.find(query) == [other]

    def test_finds_what_was_before(self):
        row = log_call()
        log_call(at=NOW + timedelta(hours=2))

        assert self.find("until=2026-11-20T13:00:00Z") == [row]

    def test_is_paged_but_never_counted(self, django_assert_num_queries):
        rows = [log_call(at=NOW + timedelta(seconds=number // 2)) for number in range(5)]
        client = make_client()
        client.get("/api/me/")

        with django_assert_num_queries(3):  # token, its last use, one page
            page = client.get("/api/call-log/?limit=2").json()
        found = [row["id"] for row in page["results"]]
        while page["next"]:
            page = client.get(page["next"]).json()
            found += [row["id"] for row in page["results"]]

        assert page["count"] is None
        assert found == sorted(rows, reverse=True)

    def test_shows_one_call(self):
        row = log_call(http_status=None, status_code=4003)

        found = make_client().get(f"/api/call-log/{row}/").json()

        assert (found["outcome"], found["sender"], found["receiver"]) == ("unreached", "NL*CPO", "FR*MSP")


class TestOutcome:
    TABLE = [
        (200, 1000, Outcome.ACCEPTED),
        (201, None, Outcome.ACCEPTED),
        (None, 1000, Outcome.ACCEPTED),
        (200, 2001, Outcome.REFUSED),
        (404, 2003, Outcome.REFUSED),
        (401, None, Outcome.REFUSED),
        (404, 1000, Outcome.REFUSED),
        (200, 3000, Outcome.FAILED),
        (503, None, Outcome.FAILED),
        (200, 4001, Outcome.FAILED),
        (200, 4002, Outcome.UNREACHED),
        (None, 4003, Outcome.UNREACHED),
        (None, None, Outcome.UNREACHED),
    ]

    def test_is_the_same_in_python_and_in_sql(self):
        for http_status, status_code, _ in self.TABLE:
            log_call(http_status=http_status, status_code=status_code)

        in_sql = list(LogCall.objects.order_by("id").annotate(ending=OUTCOME_IN_SQL).values_list("ending", flat=True))
        in_python = [get_outcome(http_status=http, status_code=code) for http, code, _ in self.TABLE]

        assert in_python == [outcome for *_, outcome in self.TABLE]
        assert in_sql == in_python
