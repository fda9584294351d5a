"""Both clients over TLS: an unknown authority is refused before anything is said, the guard stands there too."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from parties.client import Answer, AsyncClient, Peer, PeerUnreachable, SyncClient
from parties.egress import Egress
from tests.parties.http_peer import HttpPeer, serve

STRICT = Egress(require_https=True, allow=(ipaddress.ip_network("127.0.0.0/8"),))
PEER = Peer(id=1, token="secret")


def call_async(url: str, egress: Egress) -> Answer:
    async def run() -> Answer:
        async with AsyncClient(egress=egress) as client:
            return await client.send(PEER, method="POST", url=url, headers={}, body=b"{}", timeout=5)

    return asyncio.run(run())


def call_blocking(url: str, egress: Egress) -> Answer:
    return SyncClient(egress=egress).request(PEER, method="POST", url=url, body=b"{}", timeout=5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate for 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "partner")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "partner.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def partner(certificate: Path) -> Iterator[HttpPeer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serve(lambda handler: handler.answer(b"{}"), tls=context) as peer:
        yield peer


@pytest.mark.parametrize("call", [call_async, call_blocking], ids=["async", "blocking"])
class TestBothClients:
    def test_speak_tls_with_a_known_authority(
        self,
        call: Callable[[str, Egress], Answer],
        partner: HttpPeer,
        certificate: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for module in ("connections", "guarded_adapter"):
            monkeypatch.setattr(
                f"parties.client.{module}.make_tls_context", lambda *_: ssl.create_default_context(cafile=certificate)
            )

        assert call(partner.url, STRICT).body == b"{}"

    def test_refuse_an_unknown_authority(self, call: Callable[[str, Egress], Answer], partner: HttpPeer) -> None:
        with pytest.raises(PeerUnreachable) as failure:
            call(partner.url, STRICT)

        assert failure.value.before_send
        assert partner.seen == []

    def test_hold_the_guard(self, call: Callable[[str, Egress], Answer], partner: HttpPeer) -> None:
        with pytest.raises(PeerUnreachable, match="internal address"):
            call(partner.url.replace("127.0.0.1", "localhost"), Egress())

        assert partner.connections == 0
