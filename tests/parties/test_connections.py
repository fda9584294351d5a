"""Whom a connection is made to, what goes out on it, and what one exchange leaves to the next."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from parties.client.connections import CannotConnect, Response
from parties.egress import Egress
from tests.parties.raw_server import OK, Behaviour, answering, connections, get, read_request, serving


class TestARequest:
    def test_goes_out_as_it_was_given(self) -> None:
        heard: list[bytes] = []

        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await read_request(reader))
            writer.write(OK)

        async def run() -> None:
            async with serving(behave) as (url, _), connections() as made:
                await get(url.replace("/path", "/p%20a%2Fth//"), made, method="PUT", body=b"{}")

        asyncio.run(run())
        lines = heard[0].split(b"\r\n")
        assert lines[0] == b"PUT /p%20a%2Fth//?a=1 HTTP/1.1"
        assert b"X-A: b" in lines
        assert b"Content-Length: 2" in lines
        assert heard[0].endswith(b"\r\n\r\n{}")

    @pytest.mark.parametrize("value", ["a\r\nX-B: c", "a\nb", "a\rb", "a\0b", "€"])
    def test_cannot_be_split_by_a_header(self, value: str) -> None:
        async def run() -> None:
            async with serving(answering(OK)) as (url, got), connections() as made:
                with pytest.raises(ValueError):  # noqa: PT011  (any: nothing is sent)
                    await made.exchange(1, method="GET", url=url, headers={"X-A": value}, body=b"", timeout=5)
                assert got == []

        asyncio.run(run())

    @pytest.mark.parametrize("end", ["/a b", "/a\r\nX: y", "/ä", "/a\0"])
    def test_cannot_be_split_by_a_url(self, end: str) -> None:
        async def run() -> None:
            async with connections() as made:
                with pytest.raises((ValueError, CannotConnect)):
                    await get("http://127.0.0.1:1" + end, made)

        asyncio.run(run())


class TestTheNextCall:
    """What one exchange leaves behind must not reach the next."""

    def run_two(self, behave: Behaviour, *, pause: float = 0.0) -> tuple[bytes, int]:
        """The second answer, and how many connections it took."""

        async def run() -> tuple[bytes, int]:
            async with serving(behave) as (url, got), connections() as made:
                await get(url, made)
                await asyncio.sleep(pause)
                return (await get(url, made)).body, len(got)

        return asyncio.run(run())

    def test_takes_the_same_connection(self) -> None:
        assert self.run_two(answering(OK)) == (b"ok", 1)

    @pytest.mark.parametrize(
        "first",
        [
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nno",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno" + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nnorubbish",
        ],
        ids=["close", "1.0", "a second answer", "rubbish behind it"],
    )
    def test_takes_a_new_one_where_the_old_is_not_to_be_trusted(self, first: bytes) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(first if not seen else OK)
            seen.append(1)
            await reader.read()

        seen: list[int] = []
        assert self.run_two(behave) == (b"ok", 2)

    def test_does_not_get_what_came_unasked(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(OK)
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await reader.read()

        assert self.run_two(behave, pause=0.4) == (b"ok", 2)

    def test_sees_that_the_peer_has_closed(self) -> None:
        assert self.run_two(answering(OK, then_close=True), pause=0.2) == (b"ok", 2)

    def test_takes_a_new_one_where_the_peer_answered_before_it_had_read(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await writer.drain()
            await asyncio.sleep(5)

        async def run() -> int:
            async with serving(behave) as (url, got), connections() as made:
                await get(url, made, method="PUT", body=b"x" * 20_000_000)
                await get(url, made)
                return len(got)

        assert asyncio.run(run()) == 2

    def test_does_not_get_the_answer_of_a_call_that_was_given_up(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            is_first = not seen
            seen.append(1)
            await asyncio.sleep(0.3 if is_first else 0)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold" if is_first else OK)
            await reader.read()

        async def run() -> bytes:
            async with serving(behave) as (url, _), connections() as made:
                first = asyncio.ensure_future(get(url, made))
                await asyncio.sleep(0.1)
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
                return (await get(url, made)).body

        seen: list[int] = []
        assert asyncio.run(run()) == b"ok"

    def test_comes_after_idle_connections_were_closed(self) -> None:
        async def run() -> tuple[int, int]:
            async with serving(answering(OK)) as (url, got), connections() as made:
                await get(url, made)
                await asyncio.sleep(4.2)
                left = len(made._open)
                await get(url, made)
                return left, len(got)

        assert asyncio.run(run()) == (0, 2)


class TestConnecting:
    def test_is_refused_to_an_internal_address(self) -> None:
        async def run() -> None:
            async with serving(answering(OK)) as (url, got), connections(egress=Egress(require_https=False)) as made:
                with pytest.raises(CannotConnect, match="internal address"):
                    await get(url, made)
                assert got == []

        asyncio.run(run())

    def test_is_refused_to_a_name_that_leads_inside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def run() -> None:
            monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", ("127.0.0.1", port))])
            async with serving(answering(OK)) as (url, got), connections(egress=Egress(require_https=False)) as made:
                with pytest.raises(CannotConnect, match="internal address"):
                    await get(url.replace("127.0.0.1", "partner.example"), made)
                assert got == []

        asyncio.run(run())

    def test_does_not_wait_for_the_names_of_other_partners(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = threading.Event()

        def look_up(host: str, port: int, **_: Any) -> Any:
            if host != "quick.example":
                answers.wait(10)
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        async def run() -> Response:
            monkeypatch.setattr(socket, "getaddrinfo", look_up)
            async with serving(answering(OK)) as (url, _), connections() as made:
                urls = [url.replace("127.0.0.1", f"slow{number}.example") for number in range(16)]
                waiting = [asyncio.ensure_future(get(each, made)) for each in urls]
                await asyncio.sleep(0)
                try:
                    return await get(url.replace("127.0.0.1", "quick.example"), made, peer=2)
                finally:
                    answers.set()
                    await asyncio.wait(waiting)

        assert asyncio.run(run()).body == b"ok"

    def test_fails_where_nobody_listens(self) -> None:
        async def run() -> None:
            async with connections() as made:
                with pytest.raises(CannotConnect):
                    await get("http://127.0.0.1:1/", made)

        asyncio.run(run())


class TestTls:
    def test_is_not_waited_for_longer_than_the_deadline(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        async def run() -> None:
            async with serving(behave) as (url, _), connections() as made:
                with pytest.raises(CannotConnect, match="in time"):
                    await get(url.replace("http:", "https:"), made, timeout=0.5)

        asyncio.run(run())
