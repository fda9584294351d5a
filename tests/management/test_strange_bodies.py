"""Bodies that nothing here could hold, and numbers beyond all sense: the caller is told, and the hub does not fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.management.cast import make_client

pytestmark = pytest.mark.django_db
BODIES = {
    "a field with half of a pair": b'{"\\ud800": 1}',
    "a value with half of a pair": b'{"provider": "\\ud800", "side": "\\ud800"}',
    "nested too deeply": b"[" * 100_000,
    "a number beyond a float": b'{"platform": 1e400}',
}


class TestBody:
    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
    @pytest.mark.parametrize("path", ["agreements/", "disputes/", "lanes/pause/"])
    def test_is_refused(self, path: str, body: bytes):
        answer = make_client().generic("POST", f"/api/{path}", body, content_type="application/json")  # type: ignore[arg-type]

        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("JSON parse error")

    def test_in_a_script_beyond_ascii_is_not(self):
        answer = make_client().post("/api/platforms/", {"name": "Ladesäule 😀", "parties": []}, format="json")

        assert answer.status_code == 201


class TestNumber:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("reconciliation/run/", {"older_than_seconds": 10**12}),
            ("reconciliation/run/", {"older_than_seconds": 10**30}),
            ("cdr-clocks/", {"party": "NL*CPO", "due_after_seconds": 10**30}),
            ("dead-letters/resend/", {"platform": 10**30}),
            ("disputes/", {"finding": 0, "reason": "x"}),
        ],
    )
    def test_in_a_body_is_refused(self, path: str, body: dict[str, Any]):
        answer = make_client().post(f"/api/{path}", body, format="json")

        assert answer.status_code == 400

    @pytest.mark.parametrize("number", ["²", "-1", "1.5", "9" * 5000])
    def test_in_a_query_is_refused(self, number: str):
        answer = make_client().get("/api/journeys/", {"platform": number})

        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == ["platform"]

    def test_that_no_row_has_finds_none(self):
        assert make_client().get("/api/journeys/", {"platform": 10**30}).json() == []

    def test_of_a_year_before_all_logs_finds_none(self):
        assert make_client().get("/api/journeys/", {"until": "0001-01-01T00:00:00Z"}).json() == []


class TestDates:
    def test_that_end_before_they_begin_are_refused(self):
        body = {"country": "NL", "rate": "21", "valid_from": "2026-02-01", "valid_until": "2026-01-31"}

        answer = make_client().post("/api/vat-rates/", body, format="json")

        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == ["valid_until"]

    def test_that_end_before_they_begin_are_refused_of_what_is_there(self):
        client = make_client()
        body = {"country": "NL", "rate": "21", "valid_from": "2026-02-01"}
        known = client.post("/api/vat-rates/", body, format="json").json()["id"]

        answer = client.patch(f"/api/vat-rates/{known}/", {"valid_until": "2026-01-31"}, format="json")

        assert answer.status_code == 400
