"""Tokens in every place of a call, a hub that fails in every way: nothing of it turns up in a log line."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from telemetry.logs import make_formatter
from tests.conftest import Cast
from tests.documents import as_json, cdr_document, token_document
from tests.live.partner import Partner

UID = "0A1B2C3D4E5F60"
STRAY = "StrayTokenOfSomebodyElse1234567890ABCDEFGH"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, down to DEBUG of our own code, as a line of the hub's."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(make_formatter("json"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError(f"it broke over {args[0]!r}")


def put_tokens(headers: dict[str, str], partner: Partner) -> dict[str, str]:
    """A partner that sends its own token where it does not belong."""
    encoded = base64.b64encode(partner.token.encode()).decode()
    own = {"OWN": partner.token, "OWN IN BASE64": encoded}
    return {name: own.get(value, value) for name, value in headers.items()}


class TestLogs:
    @pytest.mark.parametrize("break_it", [False, True])
    def test_hold_no_token_and_no_person(
        self, cast: Cast, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, break_it: bool
    ):
        encoded = base64.b64encode(cast.emsp.token.encode()).decode()
        stray = base64.b64encode(STRAY.encode()).decode()
        if break_it:
            monkeypatch.setattr("gateway.pipeline.decide", broken)
        body = as_json(token_document(uid=UID, contract_id=f"FR-MSP-{UID}"))
        for headers in (
            {},
            {"X-Request-ID": "OWN", "X-Correlation-ID": "OWN IN BASE64"},
            {"Authorization": f"Token {stray}"},
            {"Authorization": f"Bearer {STRAY}"},
            {"Authorization": STRAY},
            {"Cookie": f"token={STRAY}", "X-Api-Key": f"Token {STRAY}"},
        ):
            emsp, cpo = put_tokens(headers, cast.emsp), put_tokens(headers, cast.cpo)
            cast.emsp.call("PUT", "tokens", f"FR/MSP/{UID}", body=body, headers=emsp)
            cast.emsp.call("PUT", "tokens", f"FR/MSP/{UID}?token={STRAY}", body=body, to="NL*CPO", headers=emsp)
            cast.emsp.call("GET", "tokens", f"FR/MSP/{UID}", headers=emsp)
            cast.cpo.call("POST", "tokens", f"{UID}/authorize", interface="sender", to="FR*MSP", headers=cpo)
            cast.cpo.call("POST", "cdrs", body=as_json(cdr_document(id="C1")), to="FR*MSP", headers=cpo)
            url = f"{cast.hub.url}/ocpi/2.2.1/credentials"
            cast.emsp.call_url("PUT", url, body={"token": STRAY, "url": "http://127.0.0.1:1/", "roles": []})
        cast.hub.deliver()

        told = lines.getvalue()
        for secret in (cast.emsp.token, encoded, cast.cpo.token, cast.emsp.token_out, STRAY, stray, UID):
            assert secret not in told, secret
        assert not break_it or "it broke over" in told

    def test_of_a_failed_call_carry_its_ids(self, cast: Cast, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("gateway.pipeline.decide", broken)

        cast.cpo.call(
            "GET", "tokens", interface="sender", headers={"X-Request-ID": "req-4711", "X-Correlation-ID": "cor-4711"}
        )

        line = next(line for line in lines.getvalue().splitlines() if "it broke over" in line)
        assert '"request_id": "req-4711"' in line
        assert '"correlation_id": "cor-4711"' in line
        assert f'"platform": {cast.cpo.platform.pk}' in line
