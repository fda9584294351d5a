"""Sessions and CDRs: one addressee, exact storage, repeats (CDR-03 to CDR-05, SESS-04, SESS-05)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cdrs.models import Cdr
from journal.models import CallLog
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, cdr_document, session_document
from tests.live.partner import get_code

AGAIN = "2026-11-20T12:00:00Z"


def post(cast: Cast, *, to: str | None = "NL*HUB", **changes):
    return cast.cpo.call("POST", "cdrs", body=as_json(cdr_document(**changes)), to=to)


class TestCdr:
    def test_location_serves_what_was_posted_to_its_poster_alone(self, cast: Cast):  # CDR-03, ROUTE-44
        cast.emsp.answer_with(
            {"status_code": 1000, "timestamp": AGAIN}, status=201, headers=(("Location", "http://msp/secret"),)
        )

        answer = post(cast, to="FR*MSP")
        url = answer.headers["Location"]
        mine = cast.cpo.call_url("GET", url)

        assert url.startswith(cast.hub.url)
        assert len(url) <= 255
        assert as_json(cdr_document()) in mine.content
        for stranger in (cast.other_cpo, cast.emsp):
            assert stranger.call_url("GET", url).status_code == 404
        assert [cast.cpo.call_url(method, url, body={}).status_code for method in ("PUT", "POST")] == [405, 405]

    def test_the_same_again_is_answered_from_the_store(self, cast: Cast):  # CDR-05
        first = post(cast)
        second = post(cast)

        assert (get_code(first), get_code(second)) == (1000, 1000)
        assert first.headers["Location"] == second.headers["Location"]
        assert len(cast.emsp.seen) == 1
        assert Cdr.objects.count() == 1

    def test_other_content_under_a_known_id_is_refused(self, cast: Cast):  # CDR-05
        post(cast)
        changed = post(cast, remark="more")

        assert get_code(changed) == 2001
        assert "remark" not in Cdr.objects.get().document
        assert len(cast.emsp.seen) == 1

    def test_an_addressed_repeat_is_judged_by_its_receiver(self, cast: Cast):  # CDR-05
        post(cast, to="FR*MSP")
        cast.emsp.answer_with({"status_code": 2001, "timestamp": AGAIN})
        changed = post(cast, to="FR*MSP", remark="more")

        cdr = Cdr.objects.get()
        assert get_code(changed) == 2001
        assert len(cast.emsp.seen) == 2
        assert "remark" not in cdr.document
        assert (cdr.verdict_code, cdr.is_undelivered) == (1000, False)  # of what is stored

    def test_a_changed_body_counts_while_nobody_has_accepted_one(self, cast: Cast):  # decision 4
        cast.emsp.answer_with({"status_code": 2001, "timestamp": AGAIN})
        post(cast)
        cast.emsp.answer_with({"status_code": 1000, "timestamp": AGAIN})
        corrected = post(cast, remark="more")

        cdr = Cdr.objects.get()
        assert get_code(corrected) == 1000
        assert "remark" in cdr.document
        assert cdr.verdict_code == 1000

    def test_its_receiver_may_say_what_no_database_can_hold(self, cast: Cast):  # ROUTE-12, CDR-05
        cast.emsp.answer_with(b'{"status_code": 1000, "status_message": "ok\\u0000", "timestamp": "x"}')

        answer = post(cast, to="FR*MSP")

        assert get_code(answer) == 1000
        assert Cdr.objects.get().verdict_code == 1000
        assert CallLog.objects.filter(leg="out", status_code=1000).count() == 1

    def test_what_relays_although_wrong_is_kept_apart(self, cast: Cast):  # AMB-12, decision 2
        answer = post(cast, to="FR*MSP", currency="euro")
        listed = cast.emsp.call("GET", "cdrs", interface="sender", to="NL*HUB")

        assert get_code(answer) == 1000
        assert not Cdr.objects.get().is_verified
        assert listed.json()["data"] == []

    def test_numbers_keep_their_text(self, cast: Cast):  # TRANS-45, CDR-04
        body = as_json(cdr_document()).replace(b'"total_time":', b'"total_time":1.2000,"x":', 1)

        answer = cast.cpo.call("POST", "cdrs", body=body, to="NL*HUB")

        assert get_code(answer) == 1000
        assert b'"total_time":1.2000,' in cast.cpo.call_url("GET", answer.headers["Location"]).content
        assert cast.emsp.seen[0].body == body


class TestStoreAndForward:
    def test_accepts_for_a_receiver_that_is_away_and_delivers_in_order_later(self, cast: Cast):  # AMB-20
        make_agreement("NL*CPO", "FR*MSP", modules=("cdrs",), delivery="store_and_forward")
        from agreements.models import Agreement

        Agreement.objects.filter(delivery="relay", provider_party="CPO").update(
            valid_until=datetime(2026, 1, 2, tzinfo=UTC)
        )
        cast.hub.settle()
        cast.hub.deliver()
        cast.emsp.behave = lambda handler: handler.connection.close()

        away = post(cast, id="C1")
        queued = post(cast, id="C2")
        cast.emsp.seen.clear()
        cast.emsp.answer_with({"status_code": 1000, "timestamp": AGAIN})
        cast.hub.deliver()

        delivered = [seen for seen in cast.emsp.seen if seen.method == "POST"]
        assert (get_code(away), get_code(queued)) == (1000, 1000)
        assert "later" in away.json()["status_message"]
        assert {seen.body for seen in delivered} == {as_json(cdr_document(id="C1")), as_json(cdr_document(id="C2"))}
        assert delivered[0].headers["ocpi-from-party-id"] == "CPO"
        assert set(Cdr.objects.values_list("verdict_code", flat=True)) == {1000}


class TestSession:
    def put(self, cast: Cast, **changes):
        return cast.cpo.call(
            "PUT", "sessions", "NL/CPO/S1", body=as_json(session_document(id="S1", **changes)), to="NL*HUB"
        )

    def get(self, cast: Cast):
        return cast.cpo.call("GET", "sessions", "NL/CPO/S1", to="NL*HUB").json()["data"]

    def test_patch_appends_periods_once(self, cast: Cast):  # SESS-05
        self.put(cast)
        before = len(self.get(cast)["charging_periods"])
        patch = as_json(
            {
                "charging_periods": [{"start_date_time": AGAIN, "dimensions": [{"type": "ENERGY", "volume": 1}]}],
                "kwh": 20,
                "last_updated": AGAIN,
            }
        )

        for _ in range(2):
            assert get_code(cast.cpo.call("PATCH", "sessions", "NL/CPO/S1", body=patch, to="NL*HUB")) == 1000

        assert len(self.get(cast)["charging_periods"]) == before + 1
        assert [seen.method for seen in cast.emsp.seen] == ["PUT", "PATCH", "PATCH"]

    def test_put_replaces_periods(self, cast: Cast):  # SESS-04
        self.put(cast)
        self.put(cast, charging_periods=[], last_updated=AGAIN)

        assert self.get(cast)["charging_periods"] == []

    def test_patch_goes_to_the_token_owner_and_nobody_else(self, cast: Cast):  # SESS-07
        self.put(cast)
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()

        answer = cast.cpo.call(
            "PATCH", "sessions", "NL/CPO/S1", body=as_json({"kwh": 1, "last_updated": AGAIN}), to="IT*MSX"
        )

        assert get_code(answer) == 2001
        assert cast.other_emsp.seen == []

    @pytest.mark.parametrize("query", ["", "?date_from=", "?date_from", "?date_from=2020-01-01T00:00:00Z&date_from="])
    def test_list_needs_date_from(self, cast: Cast, query: str):  # SESS-02
        answer = cast.emsp.call("GET", "sessions", query, interface="sender", to="NL*HUB")

        assert get_code(answer) == 2001
        assert "date_from" in answer.json()["status_message"]

    def test_list_shows_only_the_callers_own(self, cast: Cast):  # ROUTE-42
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        self.put(cast)

        answer = cast.other_emsp.call(
            "GET", "sessions", "?date_from=2020-01-01T00:00:00Z", interface="sender", to="NL*HUB"
        )

        assert answer.headers["X-Total-Count"] == "0"
