"""HTTP by hand, so that a test can say what no library would. It reads answers; it judges nothing."""

from __future__ import annotations

import base64
import io
import json
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

Headers = Sequence[tuple[bytes | str, bytes | str]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, bytes]  # names in lower case
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def code(self) -> int:
        return int(self.envelope["status_code"])


class Connection:
    """One TCP connection to the hub."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = io.BufferedReader(socket.SocketIO(self.socket, "r"))

    def send(self, data: bytes) -> None:
        """As far as the hub takes it: it may refuse, and close, before the end."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def finish_sending(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def read(self, *, method: str = "GET") -> Answer | None:
        """The next answer; None when the hub closed the connection instead. Interim answers are passed over."""
        while True:
            try:
                line = self._file.readline()
            except ConnectionError:
                return None
            if not line:
                return None
            status, headers = int(line.split()[1]), self._read_headers()
            if status >= 200:
                size = 0 if method == "HEAD" else int(headers.get("content-length", b"0"))
                return Answer(status, headers, self._file.read(size))

    def _read_headers(self) -> dict[str, bytes]:
        headers = {}
        while line := self._file.readline().rstrip(b"\r\n"):
            name, _, value = line.partition(b":")
            headers[name.decode("latin-1").lower()] = value.strip()
        return headers

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def connect(port: int) -> Iterator[Connection]:
    connection = Connection(port)
    try:
        yield connection
    finally:
        connection.close()


def write_request(
    method: str,
    target: str | bytes,
    *,
    headers: Headers = (),
    body: bytes | None = None,
    chunk: int = 0,
) -> bytes:
    """`chunk`: the body in chunks of that size, without saying how long it is."""
    lines = [_bytes(method) + b" " + _bytes(target) + b" HTTP/1.1"]
    if not any(_bytes(name).lower() == b"host" for name, _ in headers):
        lines.append(b"Host: hub")
    lines += [_bytes(name) + b": " + _bytes(value) for name, value in headers]
    if body is not None:
        lines.append(b"Transfer-Encoding: chunked" if chunk else b"Content-Length: %d" % len(body))
    head = b"\r\n".join([*lines, b"", b""])
    return head + (write_chunks(body or b"", size=chunk) if chunk else body or b"")


def write_chunks(body: bytes, *, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def write_token(token: str | bytes) -> tuple[str, bytes]:
    return ("Authorization", b"Token " + base64.b64encode(_bytes(token)))


def write_ids() -> list[tuple[str, str]]:
    return [("X-Request-ID", str(uuid.uuid4())), ("X-Correlation-ID", str(uuid.uuid4()))]


def write_party(which: str, party: str) -> list[tuple[str, str]]:
    country, party_id = party.split("*")
    return [(f"OCPI-{which}-country-code", country), (f"OCPI-{which}-party-id", party_id)]


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text
