"""Calls to the peer: headers, patience while it restarts, and what its answer means. Knows no module."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from simulator import jsontext
from simulator.clock import format_moment
from simulator.errors import PeerError, UnclearOutcome, Unreachable
from simulator.record import Message, without_secrets
from simulator.request import read_party, write_party, write_token
from simulator.state import State

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The peer's answer. `status_code` 0: there was no OCPI envelope in it."""

    status: int
    status_code: int
    message: str
    data: Any
    headers: Mapping[str, str]

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300 and 1000 <= self.status_code < 2000

    @property
    def is_passing(self) -> bool:
        """A trouble of the peer itself that may be over in a moment."""
        return self.status in (429, 500, 502, 503, 504) or self.status_code == 3000


class Client:
    def __init__(self, state: State) -> None:
        self._state = state
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        module: str,
        token: str | None = None,
        sender: str | None = None,
        receiver: str | None = None,
        body: Any = None,
        repeatable: bool = True,
    ) -> Reply:
        """Send, and send again while the peer is away or in trouble, where a repeat does no harm.

        Raises:
            Unreachable: it was never delivered.
            UnclearOutcome: it may have been, and must not be repeated as it is.
        """
        correlation_id, text = str(uuid.uuid4()), None if body is None else jsontext.dumps(body)
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._state.config.patience, _FIRST_PAUSE
        while True:
            headers = self._build_headers(correlation_id, token, sender, receiver, text)
            try:
                reply = await self._send(method, url, module, headers, text)
                if not reply.is_passing:
                    return reply
                trouble: str = f"{method} {url}: {reply.status}/{reply.status_code} {reply.message}"
            except aiohttp.ClientConnectorError as e:
                trouble, reply = f"{method} {url}: {e}", None
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as e:
                trouble, reply = f"{method} {url}: {type(e).__name__} {e}", None
                if not repeatable:
                    raise UnclearOutcome(trouble) from e
            if reply is not None and not repeatable:
                raise UnclearOutcome(trouble)
            self._state.record.counts["out.tried_again"] += 1
            if loop.time() + pause > end:
                raise Unreachable(trouble)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _build_headers(
        self, correlation_id: str, token: str | None, sender: str | None, receiver: str | None, text: str | None
    ) -> dict[str, str]:
        headers = {
            "Authorization": write_token(token or self._state.connection.token_out),
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": correlation_id,
        }
        if text is not None:
            headers["Content-Type"] = "application/json"
        if sender is not None:
            headers |= write_party(sender, "from")
        if receiver is not None:
            headers |= write_party(receiver, "to")
        return headers

    async def _send(self, method: str, url: str, module: str, headers: dict[str, str], text: str | None) -> Reply:
        """One attempt. No redirects: a redirected PUT loses its body, and a token goes to one host only."""
        session = self._get_session()
        content = None if text is None else text.encode()
        sent_at = format_moment(self._state.clock.tick())
        target = URL(url, encoded=True)  # a Link is followed verbatim (TRANS-25)
        async with session.request(method, target, headers=headers, data=content, allow_redirects=False) as response:
            body = await response.text()
            reply = _read_reply(response, body)
        self._check_reply(method, url, headers, reply)
        self._state.record.add(
            Message(
                at=sent_at,
                direction="out",
                method=method,
                path=target.path,
                module=module,
                query=target.query_string,
                headers=without_secrets(headers),
                body=text or "",
                status=reply.status,
                status_code=reply.status_code,
                answer=body,
            )
        )
        return reply

    def _get_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._state.config.timeout)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=32))
        return self._session

    def _check_reply(self, method: str, url: str, sent: Mapping[str, str], reply: Reply) -> None:
        """TRANS-37, ROUTE-06: ids come back as they were sent, TO and FROM turned round."""
        note = self._state.record.note_breach
        if reply.status_code == 0 and reply.is_passing:
            return
        if reply.status_code == 0:
            note(f"answer to {method} {url}: HTTP {reply.status} without an OCPI envelope (TRANS-14)")
            return
        for name in ("X-Request-ID", "X-Correlation-ID"):
            if reply.headers.get(name.lower()) != sent[name]:
                note(f"answer to {method} {url}: {name} is not the request's (TRANS-37)")
        asked_by = read_party({name.lower(): value for name, value in sent.items()}, "from")
        if asked_by and read_party(reply.headers, "to") != asked_by:
            note(f"answer to {method} {url}: TO is not {asked_by} (ROUTE-06)")


def _read_reply(response: aiohttp.ClientResponse, body: str) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        envelope = jsontext.loads(body)
    except json.JSONDecodeError:
        envelope = None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("status_code"), int):
        return Reply(status=response.status, status_code=0, message=body[:200], data=None, headers=headers)
    return Reply(
        status=response.status,
        status_code=envelope["status_code"],
        message=str(envelope.get("status_message") or ""),
        data=envelope.get("data"),
        headers=headers,
    )


def demand(reply: Reply, what: str) -> Any:
    """The data of a success. Raises: PeerError: it was none."""
    if not reply.is_success:
        raise PeerError(f"{what}: {reply.status}/{reply.status_code} {reply.message}")
    return reply.data
