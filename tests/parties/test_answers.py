"""Answers as servers write them: in every form, and broken."""

from __future__ import annotations

import gzip
import zlib

import pytest

from parties.client.connection import ConnectionBroke
from tests.parties.raw_server import OK, answering, run_one


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
