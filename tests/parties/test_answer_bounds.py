"""How much and how long a server may answer."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from parties.client.connection import ConnectionBroke, ExchangeTimeout, TooMuch
from tests.parties.raw_server import LIMIT, OK, answering, connections, get, read_request, run_one, serving


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
