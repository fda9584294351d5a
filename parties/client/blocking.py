"""Calls to partners from threads: registration, pulls, presence. The same guard, limits and failures as on the loop."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType

import requests
from django.conf import settings
from msgspec.structs import replace
from multidict import CIMultiDict, CIMultiDictProxy
from urllib3.util import SKIP_HEADER

from parties.client.causes import tell
from parties.client.guarded_adapter import Exchange, GuardedAdapter, current
from parties.client.headers import write_headers
from parties.client.peer import Answer, AnswerTooLarge, Peer, PeerTimeout, PeerUnreachable
from parties.client.slash import turn_slash
from parties.client.watched import watched
from parties.egress import Egress, EgressRefused, check_url

CONNECT_LIMIT = 3.0  # seconds for DNS, TCP and TLS together, however many addresses there are
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_CHUNK = 64 * 1024


class SyncClient:
    """Each thread gets its own pooled session, so one may serve a whole process; or `with` for a few calls."""

    def __init__(self, *, egress: Egress | None = None, max_answer: int | None = None) -> None:
        self._egress = egress or Egress.of_settings()
        self._max_answer = max_answer or settings.HUB_MAX_ANSWER
        self._local = threading.local()

    def __enter__(self) -> SyncClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The connections of this thread."""
        session: requests.Session | None = self._local.__dict__.pop("session", None)
        if session is not None:
            session.close()

    def get(self, peer: Peer, url: str, *, timeout: float | None = None) -> Answer:
        return self.request(peer, method="GET", url=url, timeout=timeout)

    def request(
        self,
        peer: Peer,
        *,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """One request, one whole answer. Without `headers` those of a configuration module are written (ROUTE-01).

        Raises:
            PeerTimeout, PeerUnreachable, AnswerTooLarge: as `AsyncClient.send`.
        """
        try:
            check_url(url, egress=self._egress)
        except EgressRefused as error:
            raise PeerUnreachable(str(error), before_send=True) from error
        if headers is None:
            headers = write_headers(
                peer, request_id=str(uuid.uuid4()), correlation_id=str(uuid.uuid4()), has_body=bool(body)
            )
        deadline = time.monotonic() + (timeout or settings.HUB_FORWARD_TIMEOUT)
        current.peer = peer.id
        with watched(peer.id) as seen:
            seen.answer = answer = self._exchange(method, url, body=body, headers=headers, deadline=deadline)
        location = answer.headers.get("Location")
        turned = turn_slash(url, method=method, status=answer.http_status, location=location)
        if turned is None:
            return answer
        again = self._exchange(method, turned, body=body, headers=headers, deadline=deadline)  # AMB-15
        return replace(again, redirect=(answer.http_status, location or ""))

    def _exchange(self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        try:
            return self._attempt(method, url, body=body, headers=headers, deadline=deadline)
        except _ConnectionBroke:
            if method not in REPEATABLE:
                raise
        try:
            answer = self._attempt(method, url, body=body, headers=headers, deadline=deadline)
        except PeerUnreachable as error:
            error.before_send = False  # the first attempt may have arrived
            raise
        return replace(answer, repeated=True)

    def _attempt(self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        started = time.monotonic()
        left = deadline - started
        if left <= 0:
            raise PeerTimeout("no answer in time")
        exchange = current.exchange = Exchange()
        watchdog = threading.Timer(left, exchange.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            response = self._get_session().request(
                method,
                url,
                data=body or None,
                headers=dict(headers),
                allow_redirects=False,
                stream=True,
                timeout=(min(CONNECT_LIMIT, left), left + 5),  # the watchdog comes first
            )
            with response:
                content = self._read(response, exchange=exchange)
                elapsed_ms = round((time.monotonic() - started) * 1000)
                return Answer(
                    http_status=response.status_code,
                    headers=_read_headers(response),
                    body=content,
                    elapsed_ms=elapsed_ms,
                )
        except (requests.RequestException, OSError, ValueError) as error:
            raise _translate(error, exchange=exchange) from error
        finally:
            exchange.end()
            watchdog.cancel()
            current.exchange = None

    def _read(self, response: requests.Response, *, exchange: Exchange) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > self._max_answer:
                raise AnswerTooLarge(f"the answer is over {self._max_answer} bytes")
            chunks.append(chunk)
        if exchange.is_cut:  # an answer without a length ends where the socket does
            raise PeerTimeout("no answer in time")
        return b"".join(chunks)

    def _get_session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session()
            session.trust_env = False
            session.headers.clear()
            session.headers.update({"Accept-Encoding": "gzip, deflate", "User-Agent": SKIP_HEADER})
            session.cookies.set_policy(_NoCookies())
            for scheme in ("http://", "https://"):
                session.mount(scheme, GuardedAdapter(egress=self._egress))
        return session


class _ConnectionBroke(PeerUnreachable):
    """After it stood: nobody knows what the peer received."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: even with redirects off requests would read the whole body of one, past the limit."""


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: object, request: object) -> bool:
        return False


def _read_headers(response: requests.Response) -> CIMultiDictProxy[str]:
    """Each line of its own: requests joins repeated headers, urllib3 still has them apart."""
    raw = response.raw.headers
    return CIMultiDictProxy(CIMultiDict([(name, value) for name in raw for value in raw.getlist(name)]))


def _translate(error: Exception, *, exchange: Exchange) -> PeerTimeout | PeerUnreachable:
    if not exchange.sent:
        return PeerUnreachable(f"no connection: {tell(error)}", before_send=True)
    if exchange.is_cut or isinstance(error, requests.Timeout):
        return PeerTimeout("no answer in time")
    return _ConnectionBroke(f"the connection broke: {tell(error)}")
