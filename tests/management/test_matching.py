from __future__ import annotations

import pytest

from reconciliation.models import CdrClock, Finding
from tests.management.cast import make_client, make_clock
from tests.reconciliation.stored import store_cdr

pytestmark = pytest.mark.django_db
PERIOD = "receiver=FR*MSP&date_from=2026-11-20T00:00:00Z&date_to=2026-11-21T00:00:00Z"


class TestClocks:
    def test_are_set_and_set_anew(self):
        client = make_client()
        told = {"party": "nl*cpo", "due_after_seconds": 7200}

        first = client.post("/api/cdr-clocks/", told, format="json").json()
        second = client.post("/api/cdr-clocks/", told | {"pulls_per_day": 0}, format="json").json()

        assert (first["party"], first["due_after_seconds"], first["pulls_per_day"]) == ("NL*CPO", 7200, 4)
        assert (second["id"], second["pulls_per_day"]) == (first["id"], 0)

    @pytest.mark.parametrize(
        "told",
        [
            {"party": "NL*CPO"},
            {"party": "nobody at all", "due_after_seconds": 1},
            {"party": "NL*CPO", "due_after_seconds": -1},
            {"party": "NL*CPO", "due_after_seconds": 1, "pulls_per_day": 25},
            {"party": "NL*CPO", "due_after_seconds": 1, "due": 1},
        ],
    )
    def test_are_refused(self, told):
        assert make_client().post("/api/cdr-clocks/", told, format="json").status_code == 400
        assert not CdrClock.objects.exists()

    def test_are_removed(self):
        clock = make_clock()

        assert make_client().delete(f"/api/cdr-clocks/{clock.pk}/").status_code == 204
        assert not CdrClock.objects.exists()

    def test_are_removed_by_whoever_may_write_only(self):
        clock = make_clock()

        assert make_client("findings:read").delete(f"/api/cdr-clocks/{clock.pk}/").status_code == 403
        assert CdrClock.objects.exists()


class TestCompareList:
    def post(self, text: str, query: str = PERIOD):
        return make_client().post(f"/api/findings/compare-list/?{query}", text, content_type="text/csv")

    def test_says_what_differs(self):
        store_cdr("c1")
        store_cdr("c2")

        answer = self.post("owner,id,total_cost,currency\nNL*CPO,C1,4.30,EUR\nNL*CPO,C3,,\n")

        assert answer.json() == {
            "sent": 2, "listed": 2, "missing_at_receiver": 1, "unknown_to_cpo": 1, "differs_at_receiver": 1
        }  # fmt: skip
        assert Finding.objects.count() == 3

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("", PERIOD),
            ("owner,id\nNL*CPO,\n", PERIOD),
            ("owner,id\n", "receiver=FR*MSP"),
            ("owner,id\n", PERIOD + "&party=NL*CPO"),
            ("owner,id\n", "receiver=FR*MSP&date_from=2026-11-21T00:00:00Z&date_to=2026-11-20T00:00:00Z"),
        ],
    )
    def test_is_refused(self, text, query):
        assert self.post(text, query).status_code == 400
        assert not Finding.objects.exists()

    def test_takes_no_other_format(self):
        assert make_client().post(f"/api/findings/compare-list/?{PERIOD}", {}, format="json").status_code == 415
