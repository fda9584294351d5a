"""The headers of a call, and what no header may do."""

from __future__ import annotations

import asyncio

import pytest

from ocpi.calls import PartyId
from parties.client import AsyncClient, Peer, PeerUnreachable, SyncClient, write_headers
from tests.parties.calling import LOOPBACK, PEER, Call, call_async


class TestWriteHeaders:
    def test_writes_ids_token_and_routing(self) -> None:
        headers = write_headers(
            PEER,
            request_id="r",
            correlation_id="c",
            sender=PartyId("DE", "CPA"),
            receiver=PartyId("NL", "MSA"),
            has_body=True,
        )

        assert headers == {
            "Authorization": "Token c2VjcmV0",
            "X-Request-ID": "r",
            "X-Correlation-ID": "c",
            "Accept": "application/json",
            "OCPI-to-country-code": "NL",
            "OCPI-to-party-id": "MSA",
            "OCPI-from-country-code": "DE",
            "OCPI-from-party-id": "CPA",
            "Content-Type": "application/json",
        }

    def test_leaves_routing_and_content_type_out(self) -> None:
        headers = write_headers(Peer(id=1, token="t", raw_token=True), request_id="r", correlation_id="c")

        assert headers["Authorization"] == "Token t"
        assert "Content-Type" not in headers
        assert not [name for name in headers if name.startswith("OCPI-")]

    def test_token_never_shows(self) -> None:
        assert "secret" not in repr(PEER)


class TestHeaders:
    def test_refuse_a_header_that_would_split_the_request(self, call: Call) -> None:
        url = "http://127.0.0.1:1/"
        headers = {"X-Request-ID": "a\r\nX-Evil: b"}
        send = _send_headers if call is call_async else _send_headers_blocking

        with pytest.raises(PeerUnreachable):
            send(url, headers)


def _send_headers(url: str, headers: dict[str, str]) -> None:
    async def run() -> None:
        async with AsyncClient(egress=LOOPBACK) as client:
            await client.send(PEER, method="GET", url=url, headers=headers, body=b"", timeout=1)

    asyncio.run(run())


def _send_headers_blocking(url: str, headers: dict[str, str]) -> None:
    SyncClient(egress=LOOPBACK).request(PEER, method="GET", url=url, headers=headers)
