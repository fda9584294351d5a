"""Callers that were let in before: only what the facts of now say of their token counts."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agreements.network import Facts, TokenFact
from gateway.auth import Authenticator, Caller
from ocpi.errors import NotAuthorized
from parties.quirk_notes import QuirkNotes
from parties.secrets import token_digest
from routing.network import Network
from tests.routing.facts import HUB

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "Token " + b64encode(b"token-of-green").decode()


def facts(**tokens: TokenFact) -> Facts:
    network = Network(hub=HUB, nodes={}, platforms={}, permits={})
    known = {token_digest(text.replace("_", "-")): fact for text, fact in tokens.items()}
    return Facts(version=1, network=network, tokens=known, peers={})


@pytest.fixture
def authenticator() -> Authenticator:
    """Without a database: who is not in the facts is nobody."""

    async def find_nobody(work: Any) -> None:
        return None

    admission = SimpleNamespace(demand_stranger=lambda address: None)
    return Authenticator(cast(Any, SimpleNamespace(oddities=QuirkNotes(), admission=admission, in_thread=find_nobody)))


def let_in(authenticator: Authenticator, known: Facts) -> Caller:
    return asyncio.run(authenticator.authenticate(HEADER, known, now=NOW))


GREEN = facts(token_of_green=TokenFact(platform=1, kind="credentials"))


class TestRecognise:
    def test_knows_nobody_who_was_not_let_in(self, authenticator: Authenticator):
        assert authenticator.recognise(HEADER, GREEN, now=NOW) is None
        assert authenticator.recognise(None, GREEN, now=NOW) is None

    def test_knows_who_was_let_in(self, authenticator: Authenticator):
        first = let_in(authenticator, GREEN)

        assert authenticator.recognise(HEADER, GREEN, now=NOW) == first

    def test_forgets_a_token_that_the_facts_know_no_more(self, authenticator: Authenticator):
        let_in(authenticator, GREEN)

        assert authenticator.recognise(HEADER, facts(), now=NOW) is None
        assert authenticator._known == {}

    def test_lets_nobody_in_after_its_tokens_end(self, authenticator: Authenticator):  # CRED-14
        until = facts(token_of_green=TokenFact(platform=1, kind="previous", until=NOW + timedelta(minutes=1)))
        let_in(authenticator, until)

        assert authenticator.recognise(HEADER, until, now=NOW) is not None
        assert authenticator.recognise(HEADER, until, now=NOW + timedelta(minutes=1)) is None

    def test_takes_a_token_for_what_it_is_now(self, authenticator: Authenticator):
        let_in(authenticator, GREEN)
        moved = facts(token_of_green=TokenFact(platform=2, kind="previous"))

        caller = authenticator.recognise(HEADER, moved, now=NOW)

        assert caller is not None
        assert (caller.platform, caller.kind) == (2, "previous")

    def test_leaves_a_token_a_to_the_database(self, authenticator: Authenticator):
        let_in(authenticator, GREEN)
        demoted = facts(token_of_green=TokenFact(platform=1, kind="token_a"))

        assert authenticator.recognise(HEADER, demoted, now=NOW) is None

    def test_remembers_nothing_that_takes_much_room(self, authenticator: Authenticator):
        padded = f"Token {' ' * 600}{HEADER[6:]}"
        asyncio.run(authenticator.authenticate(padded, GREEN, now=NOW))

        assert authenticator._known == {}

    def test_remembers_so_many(self, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch):
        """One caller can write its header in many ways."""
        monkeypatch.setattr("gateway.auth._MOST_KNOWN", 2)
        for blanks in range(1, 6):
            header = f"Token{' ' * blanks}{HEADER[6:]}"
            asyncio.run(authenticator.authenticate(header, GREEN, now=NOW))

        assert len(authenticator._known) <= 2

    def test_looks_up_nothing_that_is_too_long_for_a_token(
        self, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
    ):
        looked_up: list[Any] = []
        monkeypatch.setattr(authenticator._hub, "in_thread", looked_up.append)

        with pytest.raises(NotAuthorized):
            asyncio.run(authenticator.authenticate("Token " + "x" * 257, GREEN, now=NOW))

        assert looked_up == []

    def test_remembers_no_stranger(self, authenticator: Authenticator):
        with pytest.raises(NotAuthorized):
            let_in(authenticator, facts())

        assert authenticator._known == {}
