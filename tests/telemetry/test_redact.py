"""No log line shows a secret or a person's token, however it got there."""

from __future__ import annotations

import base64
import json
import logging
import re
from typing import Any
from urllib.parse import quote

import pytest

from telemetry import work
from telemetry.logs import make_formatter
from telemetry.redact import MOST_READ, hide_id, redact

TOKEN = "IpbJOXxkxOAuKR92z0nEcmVF3Qw09VG7I7d"
ENCODED = base64.b64encode(TOKEN.encode()).decode()
UID = "DE8ACC12E46L89"


class TestRedact:
    @pytest.mark.parametrize("text", [
        f"Authorization: Token {ENCODED}",
        f"authorization: token {TOKEN}",
        f"Bearer {TOKEN}",
        f'{{"token": "{TOKEN}", "url": "https://x"}}',
        f"{{'token_out': '{TOKEN}'}}",
        f"GET /x?token={TOKEN}&limit=3",
        f"redis://user:{TOKEN}@127.0.0.1:6379/0 refused",
        f"ERROR: duplicate key\nDETAIL: Failing row contains (1, {TOKEN})",
        f"psycopg2: syntax error\nLINE 1: INSERT INTO x VALUES ('{TOKEN}')",
    ])  # fmt: skip
    def test_takes_out_tokens(self, text: str):
        assert TOKEN not in redact(text)
        assert ENCODED not in redact(text)

    @pytest.mark.parametrize("text", [
        f"PUT /ocpi/2.2.1/receiver/tokens/DE/TNM/{UID}?type=RFID failed",
        f"PUT /ocpi/2.2.1/receiver/tokens/DE/T/{UID} failed",
        f"PUT /ocpi/2.2.1/receiver/tokens/DE/TN/{UID}?type=RFID failed",
        f"POST https://x/ocpi/sender/tokens/{UID}/authorize: 500",
        f'{{"cdr_token": {{"uid": "{UID}", "contract_id": "{UID}"}}}}',
        f'{{"auth_id": "{UID}", "visual_number": "{UID}", "issuer_token": "{UID}", "driver_id": "{UID}"}}',
    ])  # fmt: skip
    def test_takes_out_what_names_a_person_s_token(self, text: str):
        assert UID not in redact(text)

    @pytest.mark.parametrize("text", [
        "PUT /ocpi/2.2.1/receiver/locations/NL/CPO/LOC1 failed",
        "GET https://x/ocpi/sender/tokens?offset=3: 500",
        "token bucket is empty",
        '{"id": "LOC1"}',
    ])  # fmt: skip
    def test_leaves_the_rest(self, text: str):
        assert redact(text) == text

    @pytest.mark.parametrize("header", [f"Token {ENCODED}", f"Token {TOKEN}", TOKEN, f"Bearer {TOKEN}"])
    @pytest.mark.parametrize("spelling", [TOKEN, ENCODED, TOKEN.lower()])
    def test_takes_out_what_a_call_brought_along_in_any_spelling(self, header: str, spelling: str):
        if header == f"Token {ENCODED}" or spelling != ENCODED:
            assert spelling not in redact(f"it said {spelling}!", hidden=(header,))

    def test_takes_patterns_in_hidden_texts_literally(self):
        assert redact("a.b+c and axb+c", hidden=("a.b+c",)) == "••• and axb+c"


class TestHideId:
    @pytest.mark.parametrize("uid", [UID, "a.b", "04A1/B2 C3", "0\\1\\g<0>"])
    def test_hides_an_id_in_any_spelling(self, uid: str):
        text = hide_id(f"{uid}, {uid.lower()} and {quote(uid, safe='')}", uid)

        assert text == "•••, ••• and •••"

    def test_puts_what_is_shown_of_it_as_it_is(self):
        assert hide_id(f"{UID} is blocked", UID, shown="•••\\1L8") == "•••\\1L8 is blocked"

    @pytest.mark.parametrize("uid", [UID * 100_000, "\u00e9" * 1_000_000])
    def test_hides_an_endless_id_and_what_follows(self, uid: str, monkeypatch: pytest.MonkeyPatch):
        """A pattern as long as the id took seconds to make."""
        patterns: list[str] = []
        real = re.sub

        def note(pattern: str, *rest: Any, **flags: Any) -> str:
            patterns.append(pattern)
            return real(pattern, *rest, **flags)

        monkeypatch.setattr(re, "sub", note)

        text = hide_id(f"token {uid.lower()} is unknown", uid)

        assert text == "token •••"
        assert max(map(len, patterns)) < 1000

    def test_looks_through_no_endless_message(self):
        assert len(hide_id("x" * 10_000_000, UID)) == MOST_READ

    def test_leaves_all_where_there_is_no_such_id(self):
        assert hide_id("it said so", "") == "it said so"


class TestLine:
    def make(self, message: str, *, format: str = "json", **record: object) -> str:
        made = logging.LogRecord("hub", logging.ERROR, __file__, 1, message, None, None)
        vars(made).update(record)
        return make_formatter(format).format(made)

    def test_of_a_call_carries_its_ids(self):
        work.begin(work.Work(request_id="r-1", correlation_id="c-1", module="tokens", method="PUT", platform=7))

        line = json.loads(self.make("it failed"))

        assert line["event"] == "it failed"
        ids = [line[key] for key in ("request_id", "correlation_id", "platform", "module")]
        assert ids == ["r-1", "c-1", 7, "tokens"]

    def test_of_a_call_does_not_show_its_token_even_as_its_request_id(self):
        work.begin(work.Work(request_id=TOKEN, correlation_id=ENCODED)).hide(f"Token {ENCODED}")

        line = self.make(f"{TOKEN} and {ENCODED}")

        assert TOKEN not in line
        assert ENCODED not in line

    def test_of_a_failure_shows_where_and_hides_what(self):
        try:
            raise ValueError(f'"uid": "{UID}"')
        except ValueError as error:
            line = json.loads(self.make("it failed", exc_info=(ValueError, error, error.__traceback__)))

        assert "test_redact.py" in line["exception"]
        assert UID not in line["exception"]

    def test_of_celery_names_its_task(self):
        line = json.loads(self.make("received", data={"id": "17", "name": "forwarding.tasks.drain_lanes"}))

        assert (line["task"], line["task_id"]) == ("forwarding.tasks.drain_lanes", "17")

    def test_is_readable_where_no_machine_reads_it(self):
        work.begin(work.Work(request_id="r-2"))

        line = self.make("it failed", format="text")

        assert "it failed" in line
        assert "r-2" in line
        assert not line.startswith("{")

    def test_knows_two_formats(self):
        from telemetry.logs import make_logging

        with pytest.raises(ValueError, match="json or text"):
            make_logging(format="xml", level="INFO")
