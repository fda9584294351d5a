"""A failed registration says in plain words what was asked, what happened and what to do."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import pytest

from ocpi.errors import UnableToUseClientApi
from parties.client import Peer, SyncClient
from parties.egress import Egress
from parties.negotiation import fetch_offer
from tests.parties.http_peer import Handler, serve

LIBRARY = ("Max retries", "HTTPConnectionPool", "object at 0x", "NewConnectionError", "Errno", "urllib3", "Caused by")


def fail(url: str, *, allow: str = "127.0.0.0/8") -> str:
    """The message of 3001."""
    egress = Egress(require_https=False, allow=(ipaddress.ip_network(allow),))
    with SyncClient(egress=egress) as client, pytest.raises(UnableToUseClientApi) as caught:
        fetch_offer(client, Peer(id=1, token="t"), versions_url=url)
    return caught.value.message


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hang_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def unknown_name() -> str:
    return fail("http://no-such-host.invalid/versions")


def refused() -> str:
    return fail(f"http://127.0.0.1:{closed_port()}/versions")


def not_allowed() -> str:
    return fail("http://127.0.0.1:9/versions", allow="192.0.2.0/24")


def not_tls() -> str:
    with serve(hang_up) as peer:
        return fail(peer.url.replace("http://", "https://") + "/versions")


def other_scheme() -> str:
    return fail("ftp://ocpi.example.com/versions")


def broken() -> str:
    with serve(hang_up) as peer:
        return fail(f"{peer.url}/versions")


def test_an_answer_that_is_none_of_ocpi_with_its_url() -> None:
    with serve(lambda handler: handler.answer(b"not here", status=404)) as peer:
        message = fail(f"{peer.url}/versions")

        assert message == f"versions at {peer.url}/versions: answered HTTP 404, no OCPI envelope"


@pytest.mark.parametrize(
    ("provoke", "happened", "to_do"),
    [
        (unknown_name, "the name of the host is not known", "DNS"),
        (refused, "the connection was refused: nothing listens there", "Check host and port"),
        (not_allowed, "127.0.0.1 is an internal address", "HUB_EGRESS_ALLOW"),
        (other_scheme, "ftp is not allowed: https is demanded", "Use a public https address: a URL such as"),
        (not_tls, "no TLS connection came about", "speaks https"),
        (broken, "the server closed the connection without an answer", "why it closed"),
    ],
)
def test_plain_words(provoke: Callable[[], str], happened: str, to_do: str) -> None:
    message = provoke()

    assert message.startswith("versions at ")
    assert happened in message
    assert to_do in message
    assert not any(word in message for word in LIBRARY), message


def test_a_certificate_nobody_vouches_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    from parties.client.causes import advise, tell

    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    outer = OSError("wrapped")
    outer.__cause__ = error

    assert tell(outer) == "its certificate is not trusted (self-signed certificate)"
    assert "public authority" in advise(outer)


def test_no_answer_in_time(settings: object) -> None:
    egress = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/versions"
        settings.HUB_FORWARD_TIMEOUT = 0.3  # type: ignore[attr-defined]
        with SyncClient(egress=egress) as client, pytest.raises(UnableToUseClientApi) as caught:
            fetch_offer(client, Peer(id=1, token="t"), versions_url=url)
    assert "no answer in time" in caught.value.message
    assert "see whether it is busy" in caught.value.message
