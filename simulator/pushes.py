"""Pushing what we own: PUT and PATCH to RECEIVER interfaces, POST of CDRs, and what is done when that fails."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from simulator.client import Client, Reply
from simulator.errors import PeerError, UnclearOutcome
from simulator.state import State
from simulator.store import Document, build_key, get_id

_AT_ONCE = 8


class Pusher:
    """Everything a data owner sends. An object a receiver did not get is remembered in `state.undelivered`."""

    def __init__(self, state: State, client: Client) -> None:
        self._state = state
        self._client = client

    def get_hub(self) -> str:
        """Raises: PeerError: the peer is no hub, so a receiver must be named."""
        hub = self._state.connection.get_hub()
        if hub is None:
            raise PeerError("the peer is no hub: name the receiver")
        return hub

    async def push_all(self, party: str, module: str, *, to: str) -> dict[str, Any]:
        """PUT every object of the party, some at once. The order between objects does not matter."""
        gate, refused = asyncio.Semaphore(_AT_ONCE), []

        async def push(document: Document) -> bool:
            async with gate:
                reply = await self.put(party, module, document, to=to)
            if not reply.is_success:
                refused.append(f"{get_id(module, document)}: {reply.status}/{reply.status_code} {reply.message}")
            return reply.is_success

        done = await asyncio.gather(*(push(document) for document in self._state.own_of(party, module)))
        return {"sent": sum(done), "refused": refused}

    async def put(self, party: str, module: str, document: Document, *, to: str) -> Reply:
        return await self._send("PUT", party, module, _build_path(module, document), document, to=to)

    async def patch(
        self, party: str, module: str, document: Document, changes: Document, *, to: str, path: tuple[str, ...] = ()
    ) -> Reply:
        """Change what the receiver has. Whatever leaves doubt about its copy is mended with a full PUT.

        A PATCH with charging periods appends, so it is never repeated after an unclear outcome (SESS-05).
        """
        url = _build_path(module, document) + "".join(f"/{quote(segment, safe='')}" for segment in path)
        appends = "charging_periods" in changes
        try:
            reply = await self._send("PATCH", party, module, url, changes, to=to, repeatable=not appends)
        except UnclearOutcome:
            return await self.put(party, module, self._get_whole(party, module, document), to=to)
        if reply.status == 404:  # TRANS-31
            return await self.put(party, module, self._get_whole(party, module, document), to=to)
        return reply

    async def post_cdr(self, party: str, document: Document, *, to: str) -> Reply:
        """A repeat of the same CDR is legal and changes nothing (CDR-05), so it is tried until somebody answers."""
        key = build_key("cdrs", document)
        reply = await self._send("POST", party, "cdrs", "", document, to=to)
        if reply.is_success and "location" in reply.headers:
            self._state.cdr_locations[key] = reply.headers["location"]
        self._note_delivery(party, "cdrs", key, to=to, done=reply.is_success)
        return reply

    async def put_session(self, party: str, document: Document, *, to: str) -> Reply:
        reply = await self.put(party, "sessions", document, to=to)
        self._note_delivery(party, "sessions", build_key("sessions", document), to=to, done=reply.is_success)
        return reply

    async def patch_session(self, party: str, document: Document, changes: Document, *, to: str) -> Reply:
        """Where the receiver missed something before, only the whole session puts it right."""
        key = build_key("sessions", document)
        if f"sessions {key}" in self._state.undelivered:
            return await self.put_session(party, self._get_whole(party, "sessions", document), to=to)
        reply = await self.patch(party, "sessions", document, changes, to=to)
        self._note_delivery(party, "sessions", key, to=to, done=reply.is_success)
        return reply

    async def push_undelivered(self) -> dict[str, int]:
        """Once more what a receiver never got: sessions before their CDRs."""
        waiting = sorted(self._state.undelivered.items(), reverse=True)
        for name, (party, to) in waiting:
            module, key = name.split(" ")
            document = self._state.own_of(party, module).get(key)
            if document is not None and module == "cdrs":
                await self.post_cdr(party, document, to=to)
            elif document is not None:
                await self.put_session(party, document, to=to)
        return {"tried": len(waiting), "left": len(self._state.undelivered)}

    async def check_cdr_locations(self) -> dict[str, int]:
        """CDR-03: each Location we were given is absolute and serves the CDR we posted."""
        same = 0
        for key, url in self._state.cdr_locations.items():
            party = key.split("/")[0]
            document = self._state.own_of(party, "cdrs").get(key)
            to = self._get_token_owner(document) if document else None
            reply = await self._client.call("GET", url, module="cdrs", sender=party, receiver=to)
            same += reply.is_success and reply.data == document
        return {"asked": len(self._state.cdr_locations), "same": same}

    async def _send(
        self, method: str, party: str, module: str, path: str, body: Document, *, to: str, repeatable: bool = True
    ) -> Reply:
        endpoint = self._state.connection.endpoints.get((module, "RECEIVER"))
        if endpoint is None:
            raise PeerError(f"the peer offers no {module} RECEIVER")
        url = endpoint.rstrip("/") + path
        return await self._client.call(
            method, url, module=module, sender=party, receiver=to, body=body, repeatable=repeatable
        )

    def _get_whole(self, party: str, module: str, document: Document) -> Document:
        return self._state.own_of(party, module).get(build_key(module, document)) or document

    def _note_delivery(self, party: str, module: str, key: str, *, to: str, done: bool) -> None:
        name = f"{module} {key}"
        if done:
            self._state.undelivered.pop(name, None)
        else:
            self._state.undelivered[name] = (party, to)

    @staticmethod
    def _get_token_owner(document: Document) -> str:
        token = document["cdr_token"]
        return f"{token['country_code']}*{token['party_id']}".upper()


def _build_path(module: str, document: Document) -> str:
    """TRANS-33: the owner and the id behind the endpoint; a token's type in the query (TOK-01)."""
    segments = (document["country_code"], document["party_id"], get_id(module, document))
    path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
    return f"{path}?type={document['type']}" if module == "tokens" else path
