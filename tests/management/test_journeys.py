"""One message on one page: what came in, who was told, what waits and why, what died; found by whatever is known."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse

from agreements.models import Agreement
from journal.results import get_result_name
from management.journey_search import get_spellings
from management.models import LogCall
from parties.models import Endpoint
from tests.management.cast import (
    NOW,
    UID,
    log_call,
    log_event,
    make_agreement,
    make_client,
    make_dead_letter,
    make_lane,
    make_platform,
    make_staff,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(seconds=2)
_numbers = count()


@pytest.fixture(autouse=True)
def moment(time_machine):
    time_machine.move_to(NOW + timedelta(seconds=90), tick=False)


@pytest.fixture
def cpo():
    return make_platform("Charge Co")


def open_api():
    return make_client(name=f"tests {next(_numbers)}")


def make_emsp(name: str, party: str, **terms):
    platform = make_platform(name, party=party, role="EMSP")
    Endpoint.objects.create(
        platform=platform, module="locations", interface="RECEIVER", url="https://emsp.example.com/locations"
    )
    make_agreement(consumer=party, **terms)
    Agreement.objects.update(created_at=NOW - timedelta(days=30))
    return platform


def tell(cpo, **columns) -> int:
    """A location that was pushed to the hub, and its event."""
    given = {"decision": "broadcast", "receiver": "", "platform": cpo.pk} | columns
    log_call(**given)
    return log_event(
        module="locations",
        path="NL/CPO/LOC1",
        body="{}",
        object_key="locations:nlcpo:loc1",
        sender="nlcpo",
        sender_role="CPO",
        origin=cpo.pk,
        correlation_id="corr-1",
    )


def deliver(platform, event, **columns) -> int:
    given = {
        "at": LATER,
        "leg": "out",
        "platform": platform.pk,
        "request_id": f"req-{platform.pk}",
        "decision": "deliver",
        "event": event,
    }
    return log_call(**given | columns)


def get(text: str):
    response = open_api().get(f"/api/journeys/{text}/")
    assert response.status_code == 200, response.content
    return response.json()


def states(journey) -> dict[str, str]:
    return {one["party"]: one["state"] for one in journey["receivers"]}


class TestJourney:
    def test_tells_of_every_receiver_how_it_stands(self, cpo):
        done, waiting, unseen, dead = (
            make_emsp(name, party)
            for name, party in [("Done", "FR*MSP"), ("Waiting", "IT*MSW"), ("Unseen", "ES*MSU"), ("Dead", "PL*MSD")]
        )
        event = tell(cpo)
        deliver(done, event)
        deliver(waiting, event, receiver="itmsw", http_status=None, status_code=4003, message="refused")
        deliver(dead, event, receiver="plmsd", status_code=2001)
        make_lane(done, cursor=event, seen=event)
        make_lane(
            waiting,
            cursor=event - 1,
            seen=event,
            seen_at=NOW,
            waiting={f"{event}:itmsw": [2, 1, 0, NOW.timestamp()]},
            retry_at=NOW + timedelta(minutes=3),
            last_error="connection refused",
            failures=2,
        )
        make_lane(unseen, cursor=event - 1, seen=event - 1, paused_at=NOW, pause_note="their migration")
        make_dead_letter(dead, receiver="plmsd", event=event, module="locations", path="NL/CPO/LOC1")

        journey = get("corr-1")

        assert states(journey) == {
            "FR*MSP": "delivered",
            "IT*MSW": "waits",
            "ES*MSU": "not looked at yet",
            "PL*MSD": "dead letter",
        }
        why = {one["party"]: one["why"] for one in journey["receivers"]}
        assert "connection refused" in why["IT*MSW"]
        assert "next try at 12:03:00" in why["IT*MSW"]
        assert "their migration" in why["ES*MSU"]
        assert why["PL*MSD"] == "uid: too long"

    def test_shows_the_steps_in_their_order_with_the_rule(self, cpo):
        emsp = make_emsp("Done", "FR*MSP")
        event = tell(cpo)
        deliver(emsp, event, attempt=2, repeat=True)

        steps = get("corr-1")["steps"]

        assert [step["kind"] for step in steps] == ["in", "event", "out"]
        assert "ROUTE-23" in steps[0]["why"]
        assert steps[2]["facts"]["repeat"].startswith("yes")
        assert steps[2]["facts"]["agreement"].startswith("relay, since")
        assert steps[1]["facts"]["stored object today"] == "none"

    def test_shows_the_headers_of_each_leg_without_credentials(self, cpo):
        emsp = make_emsp("Done", "FR*MSP")
        deliver(emsp, tell(cpo))

        incoming, _, outgoing = (step["headers"] for step in get("corr-1")["steps"])

        assert (incoming["X-Request-ID"], outgoing["X-Request-ID"]) == ("req-1", f"req-{emsp.pk}")
        assert incoming["OCPI-from-party-id"] == "CPO"
        assert outgoing["OCPI-from-party-id"] == "HUB"  # ROUTE-24
        assert outgoing["OCPI-to-party-id"] == "MSP"
        assert incoming["Authorization"] == "Token ••••••"

    def test_is_found_by_either_legs_request_id(self, cpo):
        emsp = make_emsp("Done", "FR*MSP")
        deliver(emsp, tell(cpo))

        by_first, by_second = get("req-1"), get(f"req-{emsp.pk}")

        assert len(by_first["steps"]) == len(by_second["steps"]) == 3

    def test_tells_of_a_letter_that_was_resent(self, cpo):
        emsp = make_emsp("Dead", "FR*MSP", delivery="store_and_forward")
        event = tell(cpo)
        deliver(emsp, event, status_code=2001)
        make_dead_letter(emsp, receiver="frmsp", event=event, module="locations", resent_at=LATER, created_at=NOW)
        again = log_event(
            at=LATER,
            module="locations",
            path="NL/CPO/LOC1",
            object_key="locations:nlcpo:loc1",
            receiver="frmsp",
            sender="nlcpo",
        )
        deliver(emsp, again, at=LATER + timedelta(seconds=1))

        journey = get("corr-1")

        assert [step["kind"] for step in journey["steps"]] == ["in", "event", "letter", "event", "out", "resent", "out"]
        assert [one["state"] for one in journey["receivers"]] == ["dead letter", "delivered"]

    def test_leads_from_a_command_to_its_result_and_back(self, cpo):
        emsp = make_platform("Msp", party="FR*MSP", role="EMSP")
        asked = {"module": "commands", "method": "POST", "sender": "frmsp", "receiver": "nlcpo", "object_id": ""}
        log_call(**asked, platform=emsp.pk, decision="forward")
        result = asked | {"sender": "nlcpo", "receiver": "frmsp", "object_id": get_result_name("token-of-the-url")}
        log_call(**result, at=LATER, platform=cpo.pk, decision="response_url", correlation_id="corr-2")
        with connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO journal_alias (token, kind, "user", party, target, target_party, module, interface, url,'
                " created_at, expires_at) VALUES ('token-of-the-url', 'response_url', %s, 'nlcpo', %s, 'frmsp',"
                " 'commands', 'SENDER', 'https://emsp.example.com/x', %s, %s)",
                [cpo.pk, emsp.pk, NOW, NOW + timedelta(days=7)],
            )

        assert get("corr-1")["correlation_ids"] == get("corr-2")["correlation_ids"] == ["corr-1", "corr-2"]
        assert "A result came 1 time" in " ".join(get("corr-1")["summary"])
        assert "token-of-the-url" not in str(get("corr-1"))

    def test_shows_no_token_uid(self, cpo):
        log_call(module="tokens", object_id="…L89", decision="broadcast", sender="frmsp", receiver="")
        log_event()

        assert UID not in open_api().get("/api/journeys/corr-1/").content.decode()
        assert UID.lower() not in open_api().get("/api/journeys/corr-1/").content.decode()

    def test_of_an_unknown_id_is_404(self):
        assert open_api().get("/api/journeys/never/").status_code == 404

    @pytest.mark.parametrize("id", ["session/17", "/17", "17/", "a?b#c"])
    def test_is_found_by_an_id_with_signs_of_a_url_in_it(self, id: str):
        log_call(correlation_id=id)
        (found,) = open_api().get("/api/journeys/", {"id": id}).json()

        assert get(quote(found["id"], safe=""))["id"] == id

    def test_of_a_partner_that_never_changes_its_correlation_id_is_cut(self, cpo, monkeypatch):
        monkeypatch.setattr("management.journey_find.MOST", 3)
        for number in range(5):
            log_call(at=NOW + timedelta(seconds=number), request_id=f"req-{number}")

        journey = get("corr-1")

        assert journey["is_cut"]
        assert len(journey["steps"]) == 3

    def test_costs_few_queries(self, cpo, django_assert_max_num_queries):
        event = tell(cpo)
        for number in range(10):
            deliver(make_emsp(f"Msp {number}", f"FR*M{number:02}"), event, receiver=f"frm{number:02}")
        client = open_api()

        with django_assert_max_num_queries(30):
            client.get("/api/journeys/corr-1/")


class TestSearch:
    def find(self, query):
        response = open_api().get(f"/api/journeys/?{query}")
        assert response.status_code == 200, response.content
        return [found["id"] for found in response.json()]

    @pytest.fixture(autouse=True)
    def calls(self, cpo):
        log_call()
        log_call(
            at=LATER, correlation_id="corr-9", request_id="req-9", object_id="LOC9", sender="decpx", platform=cpo.pk
        )

    @pytest.mark.parametrize(
        "query",
        ["id=req-9", "object_id=LOC9", "owner=de*cpx", "from=2026-11-20T12:00:01Z", "module=locations&object_id=LOC9"],
    )
    def test_finds(self, query):
        assert self.find(query) == ["corr-9"]

    @pytest.mark.parametrize(("logged", "asked"), [("LOC7", "loc7"), ("loc7", "LOC7"), ("Loc7", "Loc7")])
    def test_finds_an_object_however_its_id_was_written(self, logged, asked):
        """TRANS-40."""
        log_call(object_id=logged, correlation_id="corr-7", request_id="req-7")

        assert self.find(f"object_id={asked}") == ["corr-7"]

    def test_finds_an_object_by_the_index_of_the_log(self):
        spellings = get_spellings("Loc9")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the log of a test is small enough to be read

        plan = LogCall.objects.filter(object_id__in=spellings).explain()

        assert spellings == ["Loc9", "loc9", "LOC9"]
        assert plan.count("Seq Scan") == 0
        assert "object_id" in plan

    def test_finds_by_platform(self, cpo):
        assert self.find(f"platform={cpo.pk}") == ["corr-9"]

    def test_finds_a_token_by_its_uid_which_the_log_does_not_hold(self):
        log_event(correlation_id="corr-t")
        log_call(module="tokens", object_id="…L89", sender="frmsp", correlation_id="corr-t")
        log_call(module="tokens", object_id="…L89", sender="itmsx", correlation_id="corr-other")

        assert self.find(f"module=tokens&owner=FR*MSP&object_id={UID}") == ["corr-t"]

    def test_finds_a_token_whose_uid_was_sent_in_small_letters(self):
        log_call(module="tokens", object_id="…l89", sender="frmsp", correlation_id="corr-t")

        assert self.find(f"module=tokens&object_id={UID}") == ["corr-t"]

    def test_wants_something_to_look_for(self):
        assert open_api().get("/api/journeys/").status_code == 400
        assert open_api().get("/api/journeys/?from=yesterday").status_code == 400


class TestPages:
    @pytest.fixture
    def staff(self, client):
        client.force_login(make_staff())
        return client

    def test_show_a_message(self, staff, cpo):
        deliver(make_emsp("Done", "FR*MSP"), tell(cpo))

        page = staff.get(reverse("admin:management_journey"), {"id": "corr-1"}).content.decode()

        assert "NL*CPO sent PUT locations/LOC1 to the hub" in page
        assert "Delivered: FR*MSP." in page

    def test_an_id_leads_to_its_message_at_once(self, staff):
        log_call()

        answer = staff.get(reverse("admin:management_journeys"), {"id": "req-1"})

        assert answer.status_code == 302
        assert answer.url.endswith("?id=req-1")

    def test_what_is_not_there_is_said(self, staff):
        assert "Not in the log" in staff.get(reverse("admin:management_journey"), {"id": "x"}).content.decode()
        assert "Nothing fits" in staff.get(reverse("admin:management_journeys"), {"object_id": "x"}).content.decode()

    def test_are_closed_to_staff_without_the_right(self, client):
        user = make_staff("reader")
        user.is_superuser = False
        user.save()
        client.force_login(user)

        def open_both() -> set[int]:
            pages = (reverse("admin:management_journey"), reverse("admin:management_journeys"))
            return {client.get(page, {"id": "corr-1"}).status_code for page in pages}

        assert open_both() == {403}
        for told in ("logcall", "logevent", "lane", "deadletter"):  # a journey tells of each of them
            assert open_both() == {403}
            user.user_permissions.add(Permission.objects.get(codename=f"view_{told}"))
        assert open_both() == {200}
