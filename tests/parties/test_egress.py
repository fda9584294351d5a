"""The egress guard: one table for the pure checks and for both clients (decision 7, CRED-25)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parties.client import AsyncClient, Peer, PeerUnreachable, SyncClient
from parties.egress import Egress, EgressRefused, check_address, check_url, get_origin
from tests.parties.http_peer import serve

OPEN = Egress(require_https=False)
LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
PEER = Peer(id=1, token="secret")
INTERNAL_HOSTS = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "169.254.169.254",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "0.0.0.0",
    "[::]",
    "[fd00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "100.64.0.1",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "[2002:7f00:1::]",  # 6to4 of 127.0.0.1
    "[64:ff9b::7f00:1]",  # NAT64 of 127.0.0.1
    "[64:ff9b::10.0.0.1]",
    "[2001::1]",  # Teredo
]


def call_async(url: str, egress: Egress) -> int:
    async def run() -> int:
        async with AsyncClient(egress=egress) as client:
            return (await client.send(PEER, method="GET", url=url, headers={}, body=b"", timeout=2)).http_status

    return asyncio.run(run())


def call_blocking(url: str, egress: Egress) -> int:
    return SyncClient(egress=egress).get(PEER, url, timeout=2).http_status


CLIENTS = pytest.mark.parametrize("call", [call_async, call_blocking], ids=["async", "blocking"])


@CLIENTS
class TestBothClients:
    @pytest.mark.parametrize("host", INTERNAL_HOSTS)
    def test_refuse_every_way_inside(self, host: str, call: Callable[[str, Egress], int]) -> None:
        with serve(lambda handler: handler.answer()) as peer:
            port = peer.url.rsplit(":", 1)[1]

            with pytest.raises(PeerUnreachable) as refused:
                call(f"http://{host}:{port}/", OPEN)

            assert refused.value.before_send
            assert peer.connections == 0

    def test_check_the_address_when_connecting_not_only_the_text(
        self, call: Callable[[str, Egress], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("parties.client.asynchronous.check_url", lambda url, *, egress: None)
        monkeypatch.setattr("parties.client.blocking.check_url", lambda url, *, egress: None)
        with serve(lambda handler: handler.answer()) as peer:
            for host in ("127.0.0.1", "localhost"):
                with pytest.raises(PeerUnreachable, match="internal address"):
                    call(peer.url.replace("127.0.0.1", host), OPEN)

            assert peer.connections == 0

    def test_refuse_a_name_that_leads_inside(
        self, call: Callable[[str, Egress], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more))
        with serve(lambda handler: handler.answer()) as peer:
            url = peer.url.replace("127.0.0.1", "partner.example")

            with pytest.raises(PeerUnreachable, match="internal address"):
                call(url, OPEN)

            assert call(url, LOOPBACK) == 200

    def test_reach_an_allowed_network(self, call: Callable[[str, Egress], int]) -> None:
        with serve(lambda handler: handler.answer()) as peer:
            assert call(peer.url + "/x", LOOPBACK) == 200

    def test_do_not_follow_redirects(self, call: Callable[[str, Egress], int]) -> None:
        with (
            serve(lambda handler: handler.answer()) as other,
            serve(lambda handler: handler.answer(status=307, headers=(("Location", other.url),))) as peer,
        ):
            assert call(peer.url, LOOPBACK) == 307
            assert other.seen == []

    def test_ignore_proxies_of_the_environment(
        self, call: Callable[[str, Egress], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with (
            serve(lambda handler: handler.answer(status=502)) as proxy,
            serve(lambda handler: handler.answer()) as peer,
        ):
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)

            assert call(peer.url, LOOPBACK) == 200
            assert proxy.seen == []


class TestCheckUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "http://partner.example/ocpi",
            "ftp://partner.example/",
            "//partner.example/",
            "partner.example",
            "https://user:word@partner.example/",
            "https://user@partner.example/",
            "https://@partner.example/",
            "https:///versions",
            "https://partner.example:99999/",
            "https://[::1/",
            "https://partner.example/a b",
            "https://partner.example/\r\nX: y",
            "https://partner.example\\@127.0.0.1/",
            "https://partner.example/\\127.0.0.1",
            "https://pärtner.example/",
            "https://127.0.0.1/",
            "",
        ],
    )
    def test_refuses(self, url: str) -> None:
        with pytest.raises(EgressRefused):
            check_url(url, egress=Egress())

    def test_remembers_no_refusal_as_allowed(self) -> None:
        egress = Egress()
        for _ in range(2):
            with pytest.raises(EgressRefused):
                check_url("https://10.0.0.1/versions", egress=egress)

    @pytest.mark.parametrize(
        "url", ["https://partner.example/ocpi?a=%20", "https://8.8.8.8:8443/x", "HTTPS://a.example"]
    )
    def test_lets_public_https_pass(self, url: str) -> None:
        check_url(url, egress=Egress())


class TestCheckAddress:
    @pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8"])
    def test_lets_public_addresses_pass(self, address: str) -> None:
        check_address(address, egress=Egress())

    @pytest.mark.parametrize(
        "address",
        [
            "224.0.1.5",  # multicast
            "ff0e::1",
            "240.0.0.1",  # reserved
            "192.88.99.1",  # a relay of 6to4
            "fec0::1",
            "2a00:1450::1%eth0",  # of one interface, whatever the rest says
        ],
    )
    def test_refuses_what_only_looks_public(self, address: str) -> None:
        with pytest.raises(EgressRefused, match="internal address"):
            check_address(address, egress=Egress())

    def test_judges_a_mapped_address_by_the_one_inside(self) -> None:
        check_address("::ffff:127.0.0.1", egress=LOOPBACK)
        with pytest.raises(EgressRefused):
            check_address("::ffff:10.0.0.1", egress=LOOPBACK)


class TestGetOrigin:
    @given(st.text(alphabet=st.sampled_from("htps:/?#@[].1aB%&=;\\-"), max_size=40))
    @example("https://good.example?@127.0.0.1/")
    @example("https:///127.0.0.1/")
    @example("https:127.0.0.1")
    @example("//127.0.0.1/x")
    def test_leads_where_the_whole_url_leads(self, rest: str) -> None:
        """It alone is judged, and remembered: nothing behind it may change the host."""
        for url in (rest, f"https://{rest}", f"https://partner.example/{rest}"):
            assert get_place(get_origin(url)) == get_place(url)


def get_place(url: str) -> tuple[str, str] | str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return str(error)
    return parts.scheme, parts.netloc
