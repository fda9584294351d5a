from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from simulator.errors import PeerError
from simulator.registration import register, rotate, unregister
from simulator.request import write_token
from tests.simulator.pair import CPO_CONFIG, EMSP_CONFIG, Pair, running, with_pair


async def get_status(url: str, token: str | None, method: str = "GET") -> int:
    headers = {"Authorization": write_token(token)} if token else {}
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as response:
        return response.status


class TestRegister:
    def test_exchanges_the_tokens_and_the_endpoints(self) -> None:
        async def test(pair: Pair) -> None:
            assert pair.cpo.state.connection.registered
            assert pair.emsp.state.connection.registered
            assert pair.cpo.state.connection.token_out in pair.emsp.state.connection.accepted
            assert pair.emsp.state.connection.token_out in pair.cpo.state.connection.accepted
            assert ("tokens", "SENDER") in pair.cpo.state.connection.endpoints
            assert ("tokens", "RECEIVER") in pair.emsp.state.connection.endpoints

        with_pair(test)

    def test_token_a_is_dead_afterwards(self) -> None:
        async def test(pair: Pair) -> None:
            assert await get_status(pair.emsp.state.versions_url, pair.emsp.config.token_a) == 401

        with_pair(test)

    def test_is_called_back_with_token_b_while_the_post_is_open(self) -> None:
        async def test(pair: Pair) -> None:
            methods = [(one["method"], one["path"]) for one in pair.cpo.state.record.find(direction="in")]

            assert methods == [("GET", "/ocpi/versions"), ("GET", "/ocpi/2.2.1")]

        with_pair(test)

    def test_keeps_nothing_of_a_failed_attempt(self) -> None:
        async def test() -> None:
            async with running(replace(CPO_CONFIG)) as cpo, running(replace(EMSP_CONFIG)) as emsp:
                with pytest.raises(PeerError, match="401"):
                    await register(cpo.state, cpo.client, versions_url=emsp.state.versions_url, token_a="wrong")

                assert not cpo.state.connection.accepted
                assert not emsp.state.connection.registered

        asyncio.run(test())

    def test_token_b_is_void_again_when_the_peer_cannot_call_back(self) -> None:
        async def test() -> None:
            impatient = replace(EMSP_CONFIG, patience=0)
            async with running(replace(CPO_CONFIG)) as cpo, running(impatient) as emsp:
                await cpo.leave()
                with pytest.raises(PeerError, match="3001"):
                    await register(
                        cpo.state, cpo.client, versions_url=emsp.state.versions_url, token_a=emsp.config.token_a
                    )

                assert not cpo.state.connection.accepted
                assert await get_status(emsp.state.versions_url, emsp.config.token_a) == 200

        asyncio.run(test())

    def test_breaks_no_rule_of_the_protocol(self) -> None:
        async def test(pair: Pair) -> None:
            await rotate(pair.cpo.state, pair.cpo.client)

            assert pair.cpo.state.record.breaches == []
            assert pair.emsp.state.record.breaches == []

        with_pair(test)


class TestRotate:
    def test_replaces_both_tokens(self) -> None:
        async def test(pair: Pair) -> None:
            before = pair.cpo.state.connection.token_out

            await rotate(pair.cpo.state, pair.cpo.client)

            assert pair.cpo.state.connection.token_out != before
            assert await get_status(pair.emsp.state.versions_url, before) == 401

        with_pair(test)


class TestUnregister:
    def test_ends_the_connection_on_both_sides(self) -> None:
        async def test(pair: Pair) -> None:
            token = pair.cpo.state.connection.token_out

            await unregister(pair.cpo.state, pair.cpo.client)

            assert not pair.emsp.state.connection.registered
            assert await get_status(pair.emsp.state.versions_url, token) == 401

        with_pair(test)


class TestAuthorization:
    def test_refuses_a_stranger(self) -> None:
        async def test(pair: Pair) -> None:
            assert await get_status(pair.emsp.state.versions_url, None) == 401
            assert await get_status(pair.emsp.state.versions_url, "stranger") == 401

        with_pair(test)

    def test_token_a_opens_registration_only(self) -> None:
        async def test() -> None:
            async with running(replace(EMSP_CONFIG)) as emsp:
                token_a = emsp.config.token_a

                assert await get_status(emsp.state.versions_url, token_a) == 200
                assert await get_status(emsp.state.build_url("tokens", "SENDER"), token_a) == 401

        asyncio.run(test())

    def test_put_before_registration_is_not_allowed(self) -> None:
        async def test() -> None:
            async with running(replace(EMSP_CONFIG)) as emsp:
                url = emsp.state.build_url("credentials", "SENDER")

                assert await get_status(url, emsp.config.token_a, "PUT") == 405

        asyncio.run(test())
