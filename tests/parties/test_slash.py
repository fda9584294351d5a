"""Redirects to the same URL with or without its last slash: our own URL is asked once more, nothing is followed."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from parties.client import Answer, AsyncClient, Peer, SyncClient
from parties.client.slash import turn_slash
from parties.egress import Egress
from tests.parties.http_peer import Handler, serve

EGRESS = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
PEER = Peer(id=1, token="t")


class TestTurnSlash:
    @pytest.mark.parametrize(
        ("url", "method", "status", "location", "turned"),
        [
            ("http://a/x", "POST", 307, "http://a/x/", "http://a/x/"),
            ("http://a/x/", "PUT", 308, "/x", "http://a/x"),
            ("http://a/x?q=1", "GET", 301, "/x/?q=1", "http://a/x/?q=1"),
            ("https://a/x", "POST", 307, "http://a/x/", "https://a/x/"),  # behind a proxy that ends TLS
            ("http://a/x", "POST", 307, "http://evil/x/", "http://a/x/"),  # never its host: our own
            ("http://a/x", "POST", 301, "/x/", None),
            ("http://a/x", "GET", 302, "/login", None),
            ("http://a/x", "GET", 307, "/x/?token=1", None),
            ("http://a/x", "GET", 200, "/x/", None),
            ("http://a/x", "GET", 307, None, None),
            ("http://a/x", "PUT", 307, "http://[", None),
        ],
    )
    def test_only_turns_the_last_slash_of_our_own_url(self, url, method, status, location, turned):
        assert turn_slash(url, method=method, status=status, location=location) == turned


def answer(handler: Handler) -> None:
    if handler.path.endswith("/"):
        handler.answer(b"here")
    else:
        handler.answer(status=307, headers=(("Location", f"http://169.254.169.254{handler.path}/"),))


class TestClients:
    def test_ask_once_more(self):
        with serve(answer) as http:
            url = f"{http.url}/cdrs"

            async def send() -> Answer:
                async with AsyncClient(egress=EGRESS, max_answer=1000) as client:
                    return await client.send(PEER, method="POST", url=url, headers={}, body=b"{}", timeout=5)

            answers = [asyncio.run(send())]
            with SyncClient(egress=EGRESS, max_answer=1000) as client:
                answers.append(client.request(PEER, method="POST", url=url, body=b"{}", timeout=5))

        assert [(one.http_status, one.body) for one in answers] == [(200, b"here")] * 2
        assert [one.redirect and one.redirect[0] for one in answers] == [307, 307]
        assert [seen.path for seen in http.seen] == ["/cdrs", "/cdrs/"] * 2
        assert {seen.body for seen in http.seen} == {b"{}"}
