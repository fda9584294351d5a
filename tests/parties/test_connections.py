"""Connections against servers that are slow, broken or hostile: raw sockets, that send what they like."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import threading
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from parties.client.connection import ConnectionBroke, ExchangeTimeout, TooMuch
from parties.client.connections import CannotConnect, Connections, Response
from parties.egress import Egress

LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
LIMIT = 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(behave: Behaviour) -> Any:
    """A server that behaves so on each connection, and the number of connections it got."""
    got: list[int] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(1)
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path?a=1", got
    finally:
        server.close()


@asynccontextmanager
async def connections(*, egress: Egress = LOOPBACK, max_answer: int = LIMIT) -> Any:
    made = Connections(egress=egress, max_answer=max_answer)
    try:
        yield made
    finally:
        await made.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)


def answering(*answers: bytes, then_close: bool = False) -> Behaviour:
    """One answer per request, in turn; the last again and again."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = list(answers)
        while True:
            await read_request(reader)
            writer.write(turn.pop(0) if len(turn) > 1 else turn[0])
            await writer.drain()
            if then_close:
                return

    return behave


def get(
    url: str, made: Connections, *, timeout: float = 10.0, body: bytes = b"", method: str = "GET"
) -> Awaitable[Response]:
    return made.exchange(method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)


def run_one(behave: Behaviour, *, timeout: float = 10.0) -> Response:
    async def run() -> Response:
        async with serving(behave) as (url, _), connections() as made:
            return await get(url, made, timeout=timeout)

    return asyncio.run(run())


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("sent", "body"),
        [
            (OK, b"ok"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: t\r\n\r\n",
                b"ok",
            ),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
            (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, b"ok"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ],
        ids=["length", "chunked", "continue", "early hints", "no content"],
    )
    def test_is_read_in_every_form(self, sent: bytes, body: bytes) -> None:
        answer = run_one(answering(sent))

        assert answer.body == body
        assert "Trailer" not in answer.headers
        assert "Link" not in answer.headers

    def test_may_end_with_the_connection(self) -> None:
        assert run_one(answering(b"HTTP/1.1 200 OK\r\n\r\nok", then_close=True)).body == b"ok"

    def test_has_headers_without_regard_to_case(self) -> None:
        answer = run_one(answering(b"HTTP/1.1 200 OK\r\nx-toTAL-count: 7\r\nContent-Length: 0\r\n\r\n"))

        assert answer.headers["X-Total-Count"] == "7"

    @pytest.mark.parametrize("packed", [gzip.compress(b"ok"), gzip.compress(b"o") + gzip.compress(b"k")])
    def test_is_unpacked(self, packed: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

        assert run_one(answering(head + packed)).body == b"ok"

    @pytest.mark.parametrize("window", [15, -15], ids=["zlib", "raw"])
    def test_is_unpacked_from_deflate_of_either_kind(self, window: int) -> None:
        machine = zlib.compressobj(wbits=window)
        packed = machine.compress(b"ok") + machine.flush()
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(packed)

        assert run_one(answering(head + packed)).body == b"ok"


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
                    await made.exchange(method="GET", url=url, headers={"X-A": value}, body=b"", timeout=5)
                assert got == []

        asyncio.run(run())

    @pytest.mark.parametrize("end", ["/a b", "/a\r\nX: y", "/ä", "/a\0"])
    def test_cannot_be_split_by_a_url(self, end: str) -> None:
        async def run() -> None:
            async with connections() as made:
                with pytest.raises((ValueError, CannotConnect)):
                    await get("http://127.0.0.1:1" + end, made)

        asyncio.run(run())


class TestTheSize:
    @pytest.mark.parametrize(
        "sent",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"1f4\r\n"
            + b"x" * 500
            + b"\r\n1f5\r\n"
            + b"x" * 501,
            b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        ],
        ids=["length", "chunked", "until the end"],
    )
    def test_is_bounded(self, sent: bytes) -> None:
        with pytest.raises(TooMuch):
            run_one(answering(sent))

    def test_is_bounded_after_unpacking(self) -> None:
        packed = gzip.compress(b"x" * 1_000_000)[:LIMIT]
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

        with pytest.raises(TooMuch):
            run_one(answering(head + packed))

    @pytest.mark.parametrize(
        ("encodings", "body"),
        [
            ("gzip", gzip.compress(b"") * 17),
            ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(b"ok")))),
        ],
        ids=["members", "layers"],
    )
    def test_of_the_work_to_unpack_it_is_bounded(self, encodings: str, body: bytes) -> None:
        """An empty member of gzip has 20 bytes: a body of them would keep the loop busy for seconds."""
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encodings}\r\nContent-Length: {len(body)}\r\n\r\n"

        with pytest.raises(ConnectionBroke, match="too often"):
            run_one(answering(head.encode() + body))

    def test_of_the_head_is_bounded(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-A: " + b"y" * 1000 + b"\r\n")
                await writer.drain()

        with pytest.raises(TooMuch):
            run_one(behave)

    @pytest.mark.parametrize("begin", [b"0\r\nX-T: ", b"1;x="], ids=["trailers", "chunk extensions"])
    def test_beside_the_content_is_bounded(self, begin: bytes) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + begin)
            while True:
                writer.write(b"y" * 10_000)
                await writer.drain()

        with pytest.raises(TooMuch):
            run_one(behave, timeout=3)

    def test_lets_a_server_write_in_small_chunks(self) -> None:
        head, chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 25_000

        async def run() -> bytes:
            sent = head + b"8\r\n12345678\r\n" * chunks + b"0\r\n\r\n"
            async with serving(answering(sent)) as (url, _), connections(max_answer=8 * chunks) as made:
                return (await get(url, made)).body

        assert asyncio.run(run()) == b"12345678" * chunks


class TestTime:
    def test_ends_for_one_that_drips(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for byte in OK * 1000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        with pytest.raises(ExchangeTimeout):
            run_one(behave, timeout=0.5)

    def test_ends_for_one_that_says_nothing(self) -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        with pytest.raises(ExchangeTimeout):
            run_one(behave, timeout=0.3)

    def test_ends_for_one_that_does_not_read(self) -> None:
        """The request does not fit into the socket, and nobody takes it out."""

        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        async def run() -> None:
            async with serving(behave) as (url, _), connections() as made:
                with pytest.raises(ExchangeTimeout):
                    await get(url, made, method="PUT", body=b"x" * 20_000_000, timeout=0.5)

        asyncio.run(run())


class TestABrokenAnswer:
    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        ],
        ids=[
            "nothing", "short", "half a chunk", "half a head", "another protocol", "two lengths",
            "length and chunks", "negative", "unknown packing", "false packing", "upgrade",
        ],
    )  # fmt: skip
    def test_is_a_broken_connection(self, sent: bytes) -> None:
        with pytest.raises(ConnectionBroke):
            run_one(answering(sent, then_close=True))

    def test_packed_and_cut_off(self) -> None:
        packed = gzip.compress(b"some text that is long enough to be cut" * 5)[:-12]
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

        with pytest.raises(ConnectionBroke):
            run_one(answering(head + packed))


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
                    return await get(url.replace("127.0.0.1", "quick.example"), made)
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
