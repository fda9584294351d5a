"""How much one caller may ask, and how much the hub takes on: over HTTP, with the limits turned down."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test.utils import override_settings

from agreements.network import Facts
from gateway.admission import MOST_HANDSHAKES, Admission
from journal.batch import EVENT_LOCK
from journal.connection import connect
from journal.writer import Writer
from management.models import StaffToken
from ocpi.errors import TooManyCalls
from parties.limits import Limits
from parties.limits.rate import Buckets
from parties.models import Platform
from routing.network import Network
from tests.conftest import Cast
from tests.documents import as_json, location_document, session_document
from tests.live.partner import Partner, get_code
from tests.parties.fake_platform import run_platform
from tests.parties.http_peer import Handler
from tests.routing.facts import HUB


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def admission(cast: Cast) -> Iterator[Admission]:
    """With buckets of its own, so that no other test pays for it."""
    admission: Admission = cast.hub.edge._hub.admission
    kept = admission._platforms, admission._strangers
    admission._platforms, admission._strangers = Buckets(), Buckets()
    yield admission
    admission._platforms, admission._strangers = kept


def think(handler: Handler) -> None:
    handler.close_connection = True
    handler.server.peer.released.wait(0.8)


def push(partner: Partner, name: str = "LOC1"):
    return partner.call("PUT", "locations", f"NL/CPO/{name}", body=location_document(id=name), to="NL*HUB")


class TestRate:
    def test_of_one_platform_is_limited_and_of_others_is_not(self, cast: Cast, admission: Admission):
        with override_settings(HUB_RATE_PER_PLATFORM=1, HUB_RATE_BURST=3):
            answers = [push(cast.cpo) for _ in range(6)]
            other = cast.emsp.call_url("GET", cast.hub.versions_url)

        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 2
        assert get_code(answers[0]) == 1000
        assert {get_code(answer) for answer in refused} == {2000}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        assert all("X-Request-ID" in answer.headers for answer in refused)
        assert other.status_code == 200

    def test_may_be_set_for_a_platform(self, cast: Cast, admission: Admission):
        Platform.objects.filter(pk=cast.cpo.platform.pk).update(rate_limit=0)
        Platform.objects.filter(pk=cast.emsp.platform.pk).update(rate_limit=1)
        cast.hub.settle()
        with override_settings(HUB_RATE_PER_PLATFORM=2, HUB_RATE_BURST=2):
            free = [push(cast.cpo).status_code for _ in range(8)]
            bound = [cast.emsp.call_url("GET", cast.hub.versions_url).status_code for _ in range(4)]

        assert 429 not in free
        assert bound.count(429) >= 2

    def test_of_strangers_is_limited_before_anything_is_looked_up(
        self, cast: Cast, admission: Admission, monkeypatch: pytest.MonkeyPatch
    ):
        looked_up: list[str] = []
        real = cast.hub.edge._hub.in_thread

        async def note(work):
            looked_up.append("")
            return await real(work)

        monkeypatch.setattr(cast.hub.edge._hub, "in_thread", note)
        headers = {"Authorization": "Token " + base64.b64encode(b"nobody's").decode()}
        with override_settings(HUB_RATE_STRANGERS=1, HUB_RATE_STRANGERS_BURST=3):
            answers = [cast.hub.request("GET", cast.hub.versions_url, headers=headers) for _ in range(10)]
            known = cast.cpo.call_url("GET", cast.hub.versions_url)

        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {401, 429}
        assert len(looked_up) == statuses.count(401)
        assert known.status_code == 200  # from the same address, with a token

    def test_is_divided_among_the_web_processes(self):
        class Two(Limits):
            def count_processes(self, kind: str | None = None) -> int:
                return 2

        passed = {}
        for limits in (Limits(), Two()):
            admission = Admission(writer=Writer(), limits=limits)
            with override_settings(HUB_RATE_STRANGERS=1, HUB_RATE_STRANGERS_BURST=10):
                passed[type(limits)] = count_until_refused(admission)

        assert passed == {Limits: 10, Two: 5}

    def test_of_a_platform_is_divided_as_well(self, monkeypatch: pytest.MonkeyPatch):
        limits = Limits()
        admission, facts = Admission(writer=Writer(), limits=limits), make_facts()
        monkeypatch.setattr(limits, "count_processes", lambda kind: 2)
        admission._platforms = Buckets(clock=lambda: 0.0)

        with override_settings(HUB_RATE_PER_PLATFORM=4, HUB_RATE_BURST=4):
            for _ in range(2):
                charge(admission, facts)
            with pytest.raises(TooManyCalls):
                charge(admission, facts)

    def test_of_strangers_is_that_of_their_network(self):
        """Whoever has one address of IPv6 has a /64 of them."""
        admission = Admission(writer=Writer(), limits=Limits())
        admission._strangers = Buckets(clock=lambda: 0.0)

        with override_settings(HUB_RATE_STRANGERS=1, HUB_RATE_STRANGERS_BURST=2):
            for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
                admission.demand_stranger(address)
            with pytest.raises(TooManyCalls):
                admission.demand_stranger("2001:db8::3")

    def test_of_strangers_is_their_own_where_a_socket_takes_both_kinds_of_address(self):
        admission = Admission(writer=Writer(), limits=Limits())
        admission._strangers = Buckets(clock=lambda: 0.0)

        with override_settings(HUB_RATE_STRANGERS=1, HUB_RATE_STRANGERS_BURST=1):
            for address in ("::ffff:192.0.2.1", "::ffff:192.0.2.2"):
                admission.demand_stranger(address)
            with pytest.raises(TooManyCalls):
                admission.demand_stranger("192.0.2.1")


def make_facts() -> Facts:
    return Facts(version=1, network=Network(hub=HUB, nodes={}, platforms={}, permits={}), tokens={}, peers={})


def charge(admission: Admission, facts: Facts) -> None:
    with admission.enter() as slot:
        slot.charge(1, facts, is_list=False)


def count_until_refused(admission: Admission) -> int:
    for number in range(100):
        try:
            admission.demand_stranger("::1")
        except TooManyCalls:
            return number
    return 100


class TestCallsAtTheSameTime:
    def test_beyond_what_one_process_takes_are_refused_and_then_it_goes_on(self, cast: Cast, admission: Admission):
        with override_settings(HUB_MAX_CALLS=0):
            refused = push(cast.cpo)
        accepted = push(cast.cpo)

        assert (refused.status_code, get_code(refused)) == (503, 3000)
        assert refused.headers["Retry-After"] == "1"
        assert get_code(accepted) == 1000
        assert admission.calls == 0

    def test_of_one_platform_leave_room_for_others(self, cast: Cast, admission: Admission):
        cast.emsp.behave = think
        with override_settings(HUB_MAX_CALLS=4):
            threads = [
                threading.Thread(
                    target=lambda n=n: cast.cpo.call(
                        "PUT", "sessions", f"NL/CPO/S{n}", body=as_json(session_document(id=f"S{n}")), to="FR*MSP"
                    )
                )
                for n in range(2)
            ]
            for thread in threads:
                thread.start()
            wait_until(lambda: admission._open[cast.cpo.platform.pk] == 2)
            third, other = push(cast.cpo), cast.other_emsp.call_url("GET", cast.hub.versions_url)
            for thread in threads:
                thread.join()

        assert (third.status_code, other.status_code) == (429, 200)
        wait_until(lambda: admission.calls == 0)
        assert not admission._open

    def test_lists_leave_room_for_pushes(self, cast: Cast, admission: Admission):
        with override_settings(HUB_MAX_LISTS=1):
            admission._lists[0] = 1
            refused = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")
            pushed = push(cast.cpo)
            del admission._lists[0]
            served = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")

        assert (refused.status_code, get_code(refused)) == (503, 3000)
        assert get_code(pushed) == get_code(served) == 1000
        wait_until(lambda: not admission._lists)

    def test_lists_of_one_platform_leave_room_for_those_of_others(self, cast: Cast, admission: Admission):
        admission._lists[cast.emsp.platform.pk] = 2
        with override_settings(HUB_MAX_LISTS=4):
            refused = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")
            served = cast.other_emsp.call("GET", "locations", interface="sender", to="NL*HUB")
        del admission._lists[cast.emsp.platform.pk]

        assert (refused.status_code, served.status_code) == (429, 200)

    def test_handshakes_leave_threads_for_others(self, cast: Cast, admission: Admission):
        """The hub calls back each time; this server takes its time."""
        credentials, released = f"{cast.hub.url}/ocpi/2.2.1/credentials", threading.Event()
        with run_platform(on_call=lambda method, path: released.wait(10)) as slow:
            body = as_json(slow.make_credentials())
            threads = [
                threading.Thread(target=lambda: cast.cpo.call_url("PUT", credentials, body=body))
                for _ in range(MOST_HANDSHAKES)
            ]
            for thread in threads:
                thread.start()
            wait_until(lambda: admission._handshakes[cast.cpo.platform.pk] == MOST_HANDSHAKES)
            third = cast.cpo.call_url("PUT", credentials, body=body)
            released.set()
            for thread in threads:
                thread.join()

        assert third.status_code == 429
        assert not admission._handshakes

    def test_that_nobody_waits_for_any_more_free_their_room(self, cast: Cast, admission: Admission):
        """One that never sends its body, one that asks for a list and goes."""
        auth = "Token " + base64.b64encode(cast.cpo.token.encode()).decode()
        routing = "OCPI-from-country-code: NL\r\nOCPI-from-party-id: CPO\r\n"
        head = f"Host: x\r\nAuthorization: {auth}\r\n{routing}"
        put = f"PUT /ocpi/2.2.1/receiver/locations/NL/CPO/L1 HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\n{{"
        port = int(cast.hub.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(put.encode())
            wait_until(lambda: admission._open[cast.cpo.platform.pk] == 1)
        wait_until(lambda: admission.calls == 0)

        held = asyncio_block(cast)
        with held, socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(f"GET /ocpi/2.2.1/sender/tokens HTTP/1.1\r\n{head}\r\n".encode())
            wait_until(lambda: admission._lists[cast.cpo.platform.pk] == 1)
            caller.close()
            wait_until(lambda: admission.calls == 0)
        assert not admission._lists

    def test_that_send_their_body_too_slowly_are_let_go(self, cast: Cast, admission: Admission):
        auth = "Token " + base64.b64encode(cast.cpo.token.encode()).decode()
        head = f"Host: x\r\nAuthorization: {auth}\r\nContent-Length: 9\r\n\r\n"
        port = int(cast.hub.url.rpartition(":")[2])
        with override_settings(HUB_BODY_TIMEOUT=0.2), socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(f"PUT /ocpi/2.2.1/receiver/locations/NL/CPO/L1 HTTP/1.1\r\n{head}".encode())
            caller.settimeout(10)
            answer = b"".join(iter(lambda: caller.recv(1000), b""))  # until the hub ends the connection

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status_code"] == 2001
        assert admission.calls == 0


class TestBodiesForStaff:
    """What comes outside /ocpi, where Django answers: as bounded as OCPI, before anybody is asked who is there."""

    @pytest.fixture
    def auth(self, cast: Cast) -> Iterator[dict[str, str]]:
        _, text = StaffToken.issue(name="tests", scopes=["all"], now=datetime.now(UTC))
        yield {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}
        StaffToken.objects.all().delete()

    def test_arrive_whole(self, cast: Cast, auth: dict[str, str]):
        told = {"provider": "NL*CPO", "consumer": "DE*ABC", "modules": ["locations"], "note": "é" * 200}
        body = json.dumps(told | {"valid_from": "2026-01-01T00:00:00Z"}, ensure_ascii=False).encode()
        in_many_pieces = body + b" " * 500_000

        answer = cast.hub.request("POST", f"{cast.hub.url}/api/agreements/", data=in_many_pieces, headers=auth)

        assert (answer.status_code, answer.json()["note"]) == (201, "é" * 200)

    @pytest.mark.parametrize("path", ["/api/me/", "/admin/login/", "/nowhere"])
    @pytest.mark.parametrize("give", [lambda body: body, lambda body: iter([body[:600], body[600:]])])
    def test_that_are_too_large_are_refused(self, cast: Cast, path: str, give: Callable):
        with override_settings(HUB_MAX_BODY=1000):
            answer = cast.hub.request("POST", cast.hub.url + path, data=give(b"x" * 1001))

        assert answer.status_code == 413
        assert "1000 bytes" in answer.json()["detail"]

    def test_that_come_too_slowly_are_let_go(self, cast: Cast):
        port = int(cast.hub.url.rpartition(":")[2])
        with override_settings(HUB_BODY_TIMEOUT=0.2), socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"POST /api/me/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            caller.settimeout(10)

            assert caller.recv(1000).startswith(b"HTTP/1.1 408 ")


class asyncio_block:
    """Lists are not read while this lasts."""

    def __init__(self, cast: Cast) -> None:
        self._reader = cast.hub.edge._hub.list_reader

    def __enter__(self) -> None:
        self._real = self._reader.in_thread

        async def never(*args: object) -> None:
            await asyncio.sleep(3600)

        self._reader.in_thread = never

    def __exit__(self, *_: object) -> None:
        self._reader.in_thread = self._real


class TestStalledDatabase:
    def test_is_answered_503_at_once_until_it_moves_again(self, cast: Cast, admission: Admission):
        blocker = connect(None, name="somebody else")
        answers = []
        try:
            with blocker.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (EVENT_LOCK,))
            first = threading.Thread(target=lambda: answers.append(push(cast.cpo, "FIRST")))
            first.start()
            with override_settings(HUB_STALL=0.2):
                wait_until(lambda: cast.hub.edge._hub.writer.stalled_for > 0.2)
                refused = push(cast.cpo, "SECOND")
            was_waiting = not answers
        finally:
            blocker.close()
        first.join()

        assert was_waiting
        assert (refused.status_code, get_code(refused)) == (503, 3000)
        assert get_code(answers[0]) in (1000, 3000)  # stored, or given up: never left without an answer
        assert get_code(push(cast.cpo, "THIRD")) == 1000


class TestBreaker:
    def test_answers_at_once_and_ends_when_the_partner_calls(self, cast: Cast):
        cast.emsp.answer_with(b"<html>", status=500)
        body = as_json(session_document())
        codes = [
            get_code(cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=body, to="FR*MSP"))
            for _ in range(settings.HUB_BREAKER_FAILURES)
        ]
        seen = len(cast.emsp.seen)
        refused = cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=body, to="FR*MSP")
        still = len(cast.emsp.seen)
        cast.emsp.behave = lambda handler: handler.answer(b'{"status_code":1000,"timestamp":"2026-11-20T10:00:00Z"}')
        cast.emsp.call_url("GET", cast.hub.versions_url)
        after = cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=body, to="FR*MSP")

        assert set(codes) == {4000}
        assert (get_code(refused), still) == (4003, seen)
        assert "left alone" in refused.json()["status_message"]
        assert get_code(after) == 1000

    def test_does_not_open_by_refusals(self, cast: Cast):
        told = {"status_code": 2001, "status_message": "no", "timestamp": "2026-11-20T10:00:00Z"}
        for status in (200, 400, 500):
            cast.emsp.answer_with(told, status=status)
            codes = {
                get_code(cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=as_json(session_document()), to="FR*MSP"))
                for _ in range(settings.HUB_BREAKER_FAILURES + 1)
            }
            assert codes == {2001}
