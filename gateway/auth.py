"""Who is calling: the Authorization header alone says it (TRANS-07), before any other work, on every route."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import msgspec

from agreements.network import Facts, TokenFact
from gateway.hub import Hub
from ocpi import auth_header
from ocpi.errors import NotAuthorized
from parties import token_slots
from parties.lookup import TokenKind, find_platform
from parties.quirks import Quirk
from parties.secrets import token_digest

LOOKUPS_AT_ONCE = 4
FACTS_WAIT_SECONDS = 1.0
_LONGEST_TOKEN = 256
_LONGEST_HEADER = 512
_MOST_KNOWN = 1024


class Caller(msgspec.Struct, frozen=True):
    """The platform a token belongs to, and what the token is for."""

    platform: int
    kind: TokenKind
    token: str  # as presented; for GET credentials (AMB-36), never stored

    @property
    def is_registered(self) -> bool:
        return self.kind != "token_a"


class Authenticator:
    """Looks in the facts in memory; asks the database, a few at a time, about tokens these do not know."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._known: dict[str, tuple[str, str]] = {}  # header -> token, its digest: of callers that were let in
        self._retired: set[str] = set()
        self._tasks: set[asyncio.Task[bool]] = set()

    def recognise(self, header: str | None, facts: Facts, *, now: datetime) -> Caller | None:
        """The caller that was let in with this very header before, if the facts of now still say so."""
        token, digest = self._known.get(header or "", ("", ""))
        fact = facts.tokens.get(digest)
        if fact is not None and fact.kind != "token_a" and _is_valid(fact, is_raw=False, now=now):
            self._retire_previous(fact, digest, now=now)
            return Caller(fact.platform, fact.kind, token)
        if digest:
            del self._known[header or ""]
        return None

    async def authenticate(self, header: str | None, facts: Facts, *, now: datetime, address: str = "") -> Caller:
        """
        Raises:
            NotAuthorized: no token, or none of a platform that may call now (TRANS-02).
            TooManyCalls: the like came too often from this address.
        """
        decoded, raw = auth_header.read(header)
        for token, is_raw in ((decoded, False), (raw, True)):
            if not token or len(token) > _LONGEST_TOKEN:
                continue
            digest = token_digest(token)
            fact = facts.tokens.get(digest)
            if fact is not None and is_raw and not fact.is_raw:
                example = "a token as it is, not as Base64: answered 401"
                self._hub.oddities.note(fact.platform, {Quirk.RAW_TOKEN: example})
            if fact is not None and fact.kind == "token_a":
                break  # its platform may have registered a moment ago, and the facts not know it yet
            if fact is not None and _is_valid(fact, is_raw=is_raw, now=now):
                self._retire_previous(fact, digest, now=now)
                if not is_raw:
                    self._remember(header or "", token, digest)
                return Caller(fact.platform, fact.kind, token)
        self._hub.admission.demand_stranger(address)
        found = await self._look_up(decoded, raw, now=now)
        if found is None:
            is_raw_only = raw is not None and token_digest(raw) in facts.tokens
            raise NotAuthorized(_explain(header, has_token=raw is not None, is_raw_only=is_raw_only))
        return found

    def _remember(self, header: str, token: str, digest: str) -> None:
        """To read and digest a token takes ten times as long as to find it here. Whether it is valid is asked anew."""
        if len(header) > _LONGEST_HEADER:
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[header] = token, digest

    async def _look_up(self, decoded: str | None, raw: str | None, *, now: datetime) -> Caller | None:
        """A token made a moment ago is not in the facts yet, and a peer calls back with it at once (CRED-10)."""
        if not (decoded or raw) or max(len(decoded or ""), len(raw or "")) > _LONGEST_TOKEN:
            return None
        async with self._lookups:
            found = await self._hub.in_thread(lambda: _find(decoded, raw, now=now))
        if found is not None:
            await self._wait_for_facts(token_digest(found.token), found.kind)
        return found

    async def _wait_for_facts(self, digest: str, kind: TokenKind) -> None:
        """The rest of the call is judged by the facts, so let them learn of the token, and what it is for, first."""
        deadline = time.monotonic() + FACTS_WAIT_SECONDS
        while time.monotonic() < deadline:
            fact = self._hub.facts.get().tokens.get(digest)
            if fact is not None and fact.kind == kind:
                return
            await asyncio.sleep(0.02)

    def _retire_previous(self, fact: TokenFact, digest: str, *, now: datetime) -> None:
        """The first use of a new token ends the one before (CRED-14)."""
        if fact.has_previous and fact.kind == "credentials" and digest not in self._retired:
            self._retired.add(digest)
            task = asyncio.create_task(self._hub.in_thread(lambda: token_slots.retire_previous(fact.platform, now=now)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _explain(header: str | None, *, has_token: bool, is_raw_only: bool) -> str:
    """What to change. Whoever knows a token may hear that it is one."""
    form = "send 'Authorization: Token <Base64 of your token>'"
    if not header:
        return f"there is no Authorization header: {form}"
    if not has_token:
        return f"the Authorization header is not of the form that OCPI asks for: {form}"
    if is_raw_only:
        return f"the token is not Base64-encoded: {form}"
    return f"the token is unknown: {form}; a Token A that was registered with is used up, send Token C instead"


def _find(decoded: str | None, raw: str | None, *, now: datetime) -> Caller | None:
    """The spelling that is known is the token."""
    for token, spellings in ((decoded, (decoded, None)), (raw, (None, raw))):
        found = find_platform(*spellings, now=now) if token else None
        if token and found is not None:
            platform, kind = found
            return Caller(platform.id, kind, token)
    return None


def _is_valid(fact: TokenFact, *, is_raw: bool, now: datetime) -> bool:
    if is_raw and not fact.is_raw:
        return False  # TRANS-04: only platforms known for it may send the token as it is
    return fact.until is None or now < fact.until
