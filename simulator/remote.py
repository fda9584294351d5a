"""Commands and charging profiles: a CPO answers at once and sends the result later, an eMSP asks and waits for it.

Both live on one platform, as each interface of OCPI has two ends. Nothing is remembered over a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from simulator.charging import ChargePoints
from simulator.client import Client
from simulator.clock import format_moment
from simulator.errors import PeerError, Refusal, build_not_allowed, build_not_found, build_wrong
from simulator.request import Answer, Request
from simulator.state import State
from simulator.store import Document

_TIMEOUT = 30
Later = Callable[[], Awaitable[Document]]


class Remote:
    """Requests of the two modules `commands` and `chargingprofiles`, and what the CPO does because of them."""

    def __init__(self, state: State, client: Client, charge_points: ChargePoints) -> None:
        self._state = state
        self._client = client
        self._charge_points = charge_points
        self._tasks: set[asyncio.Task[None]] = set()
        self._commands: dict[str, Callable[[Request, Document], tuple[str, Later]]] = {
            "START_SESSION": self._start_session,
            "STOP_SESSION": self._stop_session,
            "RESERVE_NOW": self._reserve,
            "CANCEL_RESERVATION": self._cancel,
            "UNLOCK_CONNECTOR": self._unlock,
        }

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def handle(self, request: Request) -> Answer:
        if len(request.rest) != 1:
            raise build_not_found("no such URL")
        if request.interface == "SENDER":
            return self._take_result(request) if request.method == "POST" else self._take_active_profile(request)
        return self._obey(request) if request.module == "commands" else self._handle_profile(request)

    # The asking end

    def _take_result(self, request: Request) -> Answer:
        asked = self._state.asked.get(request.rest[0])
        if asked is None:
            raise build_not_found("nothing was asked under this id")
        result = request.read_object()
        if result not in asked["results"]:  # delivery may repeat
            asked["results"].append(result)
        return Answer()

    def _take_active_profile(self, request: Request) -> Answer:
        if request.module != "chargingprofiles" or request.method != "PUT":
            raise build_not_allowed("POST, PUT")
        self._state.active_profiles[f"{request.receiver}/{request.rest[0]}".upper()] = request.read_object()
        return Answer()

    # Commands, at the CPO

    def _obey(self, request: Request) -> Answer:
        if request.method != "POST":
            raise build_not_allowed("POST")
        command = self._commands.get(request.rest[0])
        body = request.read_object()
        url = _read_url(body.get("response_url"))
        if command is None:
            return _respond("NOT_SUPPORTED")
        response, later = command(request, body)
        if response == "ACCEPTED":
            self._send_later(request, url, later)
        return _respond(response)

    def _start_session(self, request: Request, body: Document) -> tuple[str, Later]:
        party, emsp = _ends(request)
        place = self._charge_points.find_evse(party, str(body.get("location_id")), body.get("evse_uid"))
        token = body.get("token")
        if place is None or not isinstance(token, dict):
            raise Refusal(200, 2003, "no such location or EVSE")

        async def begin() -> Document:
            self._spawn(self._charge(party, emsp, place, token))
            return {"result": "ACCEPTED"}

        return "ACCEPTED", begin

    async def _charge(self, party: str, emsp: str, place: tuple[Document, Document], token: Document) -> None:
        charged = await self._charge_points.run_remote(party, emsp, place=place, token=token)
        self._state.remote_sessions.append(asdict(charged))

    def _stop_session(self, request: Request, body: Document) -> tuple[str, Later]:
        party, _ = _ends(request)
        known = self._state.own_of(party, "sessions").get(f"{party}/{body.get('session_id')}")
        return "ACCEPTED" if known else "UNKNOWN_SESSION", _say("ACCEPTED")

    def _reserve(self, request: Request, body: Document) -> tuple[str, Later]:
        self._state.reservations[_key(request, str(body["reservation_id"]))] = str(body["response_url"])
        return "ACCEPTED", _say("ACCEPTED")

    def _cancel(self, request: Request, body: Document) -> tuple[str, Later]:
        known = self._state.reservations.pop(_key(request, str(body["reservation_id"])), None)
        return "ACCEPTED", _say("ACCEPTED" if known else "UNKNOWN_RESERVATION")

    def _unlock(self, request: Request, body: Document) -> tuple[str, Later]:
        place = self._charge_points.find_evse(_ends(request)[0], str(body.get("location_id")), body.get("evse_uid"))
        return "ACCEPTED" if place else "REJECTED", _say("ACCEPTED")

    async def cancel_reservation(self, party: str, emsp: str, reservation_id: str) -> Document:
        """The CPO's own doing, told on the URL of the reservation (CMD-08)."""
        url = self._state.reservations.pop(f"{party}/{emsp}/{reservation_id}", None)
        if url is None:
            raise PeerError(f"{party} has no reservation {reservation_id} of {emsp}")
        return asdict(await self._post(party, emsp, "commands", url, {"result": "CANCELED_RESERVATION"}))

    # Charging profiles, at the CPO

    def _handle_profile(self, request: Request) -> Answer:
        party, _ = _ends(request)
        key = f"{party}/{request.rest[0]}".upper()
        if request.method not in ("GET", "PUT", "DELETE"):
            raise build_not_allowed("DELETE, GET, PUT")
        body = request.read_object() if request.method == "PUT" else {}
        url = _read_url(body.get("response_url") or request.query.get("response_url"))
        if self._state.own_of(party, "sessions").get(key) is None:
            return _respond("UNKNOWN_SESSION")
        profiles = self._state.profiles

        async def work() -> Document:
            if request.method == "PUT":
                profiles[key] = body["charging_profile"]
            elif key not in profiles:
                return {"result": "UNKNOWN"}
            elif request.method == "GET":
                return {"result": "ACCEPTED", "profile": self._get_active(key)}
            else:
                profiles.pop(key)
            return {"result": "ACCEPTED"}

        self._send_later(request, url, work)
        return _respond("ACCEPTED")

    async def tell_active_profile(self, party: str, session_id: str, to: str | None) -> Document:
        """To the one who set it; without a receiver, as the hub knows who that was (CP-08)."""
        key = f"{party}/{session_id}".upper()
        url = f"{self._state.connection.endpoints['chargingprofiles', 'SENDER']}/{session_id}"
        reply = await self._client.call(
            "PUT", url, module="chargingprofiles", sender=party, receiver=to, body=self._get_active(key)
        )
        return asdict(reply) | {"headers": dict(reply.headers)}

    def _get_active(self, key: str) -> Document:
        moment = format_moment(self._state.clock.tick())
        return {"start_date_time": moment, "charging_profile": self._state.profiles[key]}

    # Later

    def _send_later(self, request: Request, url: str, later: Later) -> None:
        party, asking = _ends(request)

        async def send() -> None:
            await self._post(party, asking, request.module, url, await later())

        self._spawn(send())

    async def _post(self, party: str, to: str, module: str, url: str, result: Document) -> Any:
        return await self._client.call("POST", url, module=module, sender=party, receiver=to, body=result)

    def _spawn(self, work: Any) -> None:
        async def run() -> None:
            try:
                await work
            except PeerError as e:
                self._state.record.note_breach(f"a result or session could not be told: {e}")

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ends(request: Request) -> tuple[str, str]:
    assert request.receiver is not None
    assert request.sender is not None
    return request.receiver, request.sender


def _key(request: Request, reservation_id: str) -> str:
    return "/".join((*_ends(request), reservation_id))


def _read_url(url: Any) -> str:
    if not isinstance(url, str) or not url.startswith("http"):
        raise build_wrong("response_url is missing")
    return url


def _respond(result: str) -> Answer:
    return Answer(data={"result": result, "timeout": _TIMEOUT})


def _say(result: str) -> Later:
    async def later() -> Document:
        return {"result": result}

    return later
