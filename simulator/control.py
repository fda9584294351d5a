"""The control port: how a scenario tells a platform what to do. Loopback only, a key on every request; no OCPI here."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from simulator import asking, jsontext
from simulator.clock import parse_moment
from simulator.errors import PeerError
from simulator.platform import Platform
from simulator.pulls import pull_all, pull_client_info
from simulator.registration import register, rotate, unregister
from simulator.report import build_report, list_objects

KEY_HEADER = "X-Control-Key"
Order = dict[str, Any]


class Control:
    """Each POST /control/<order> takes and gives a JSON object; a failure at the peer is HTTP 502 with its text."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._orders: dict[str, Callable[[Order], Awaitable[Any]]] = {
            "register": self._register,
            "issue_token_a": self._issue_token_a,
            "rotate": self._rotate,
            "unregister": self._unregister,
            "push": self._push,
            "pull": self._pull,
            "pull_client_info": self._pull_client_info,
            "sessions": self._run_sessions,
            "correct": self._correct,
            "resend": self._resend,
            "check_cdr_locations": self._check_cdr_locations,
            "leave": self._leave,
            "come_back": self._come_back,
            "call": self._call,
            "command": self._command,
            "profile": self._profile,
            "get_asked": self._get_asked,
            "cancel_reservation": self._cancel_reservation,
            "tell_active_profile": self._tell_active_profile,
        }

    def build_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/control/report", self._get_report)
        app.router.add_get("/control/messages", self._get_messages)
        app.router.add_get("/control/objects", self._get_objects)
        app.router.add_get("/control/documents", self._get_documents)
        app.router.add_post("/control/{order}", self._obey)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        key = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(key.encode(), self._platform.config.control_key.encode()):
            return _write({"error": "wrong key"}, status=403)
        response: web.StreamResponse = await handler(request)
        return response

    async def _obey(self, request: web.Request) -> web.Response:
        order = self._orders.get(request.match_info["order"])
        if order is None:
            return _write({"error": f"no such order; there are {', '.join(sorted(self._orders))}"}, status=404)
        text = await request.text()
        try:
            return _write(await order(jsontext.loads(text) if text else {}))
        except PeerError as e:
            return _write({"error": str(e)}, status=502)
        except KeyError as e:
            return _write({"error": f"{e} is missing"}, status=400)

    async def _get_report(self, request: web.Request) -> web.Response:
        return _write(build_report(self._platform))

    async def _get_messages(self, request: web.Request) -> web.Response:
        wanted = dict(request.query)
        limit = int(wanted.pop("limit", "1000"))
        return _write(self._platform.state.record.find(limit=limit, **wanted))

    async def _get_objects(self, request: web.Request) -> web.Response:
        query = request.query
        kind, party = query.get("kind", "received"), query["party"].upper()
        return _write(list_objects(self._platform.state, kind=kind, party=party, module=query["module"]))

    async def _get_documents(self, request: web.Request) -> web.Response:
        """What a party owns, as it is."""
        return _write(list(self._platform.state.own_of(request.query["party"].upper(), request.query["module"])))

    # Orders

    async def _register(self, order: Order) -> Any:
        urls = {"versions_url": order["versions_url"], "token_a": order["token_a"]}
        return await register(self._platform.state, self._platform.client, **urls)

    async def _issue_token_a(self, order: Order) -> Any:
        """For a peer whose handshake broke in the middle: it may register (again) with this one (AMB-38)."""
        return {"token_a": self._platform.state.connection.issue_token_a()}

    async def _rotate(self, order: Order) -> Any:
        await rotate(self._platform.state, self._platform.client)
        return {}

    async def _unregister(self, order: Order) -> Any:
        await unregister(self._platform.state, self._platform.client)
        return {}

    async def _push(self, order: Order) -> Any:
        pusher = self._platform.pusher
        to = order.get("to") or pusher.get_hub()
        return await pusher.push_all(order["party"], order["module"], to=to)

    async def _pull(self, order: Order) -> Any:
        state, client = self._platform.state, self._platform.client
        to = order.get("to") or self._platform.pusher.get_hub()
        query = order.get("query") or {}
        pull = await pull_all(state, client, module=order["module"], party=order["party"], to=to, query=query)
        return asdict(pull)

    async def _pull_client_info(self, order: Order) -> Any:
        return {"count": await pull_client_info(self._platform.state, self._platform.client)}

    async def _run_sessions(self, order: Order) -> Any:
        sessions = await self._platform.charge_points.run(
            order["party"],
            order["emsp"],
            count=order["count"],
            faults=order.get("faults") or {},
            pace=float(order.get("pace", 0)),
            span=_read_span(order.get("span")),
        )
        return {"sessions": sessions}

    async def _correct(self, order: Order) -> Any:
        return await self._platform.charge_points.correct(order["party"], order["emsp"], order["cdr_id"])

    async def _resend(self, order: Order) -> Any:
        return await self._platform.pusher.push_undelivered()

    async def _check_cdr_locations(self, order: Order) -> Any:
        return await self._platform.pusher.check_cdr_locations()

    async def _leave(self, order: Order) -> Any:
        await self._platform.leave()
        return {}

    async def _come_back(self, order: Order) -> Any:
        await self._platform.come_back()
        return {}

    async def _command(self, order: Order) -> Any:
        """As the party's app would: on its first token, at a charge point of the receiver it knows."""
        state, party, command = self._platform.state, order["party"], order["command"]
        body = dict(order.get("body") or {})
        if command in ("START_SESSION", "RESERVE_NOW"):
            body.setdefault("token", asking.pick_token(state, party))
        if command in ("START_SESSION", "RESERVE_NOW", "UNLOCK_CONNECTOR"):
            place = asking.pick_evse(state, party, owner=order["at"])
            body = dict(zip(("location_id", "evse_uid", "connector_id"), place, strict=True)) | body
        if command == "RESERVE_NOW":
            body.pop("connector_id", None)
        return await asking.send_command(
            state, self._platform.client, party=party, to=order.get("to"), command=command, body=body
        )

    async def _profile(self, order: Order) -> Any:
        ends = {"party": order["party"], "to": order.get("to"), "session_id": order["session_id"]}
        return await asking.send_profile_request(
            self._platform.state,
            self._platform.client,
            method=order["method"],
            profile=order.get("profile"),
            **ends,
        )

    async def _get_asked(self, order: Order) -> Any:
        """What came on the response_url of one request."""
        return self._platform.state.asked[order["id"]]

    async def _cancel_reservation(self, order: Order) -> Any:
        reply = await self._platform.remote.cancel_reservation(order["party"], order["emsp"], order["reservation_id"])
        return reply | {"headers": dict(reply["headers"])}

    async def _tell_active_profile(self, order: Order) -> Any:
        return await self._platform.remote.tell_active_profile(order["party"], order["session_id"], order.get("to"))

    async def _call(self, order: Order) -> Any:
        """Any OCPI call, for tests and onboarding: what the peer answered, headers and all."""
        endpoint = self._platform.state.connection.endpoints.get((order["module"], order.get("interface", "RECEIVER")))
        method = order.get("method", "GET")
        reply = await self._platform.client.call(
            method,
            order.get("url") or f"{endpoint}{order.get('suffix', '')}",
            module=order["module"],
            sender=order.get("from"),
            receiver=order.get("to"),
            body=order.get("body"),
            repeatable=order.get("repeatable", method == "GET"),
        )
        return asdict(reply) | {"headers": dict(reply.headers)}


def _read_span(span: list[str] | None) -> tuple[datetime, datetime] | None:
    return (parse_moment(span[0]), parse_moment(span[1])) if span else None


def _write(document: Any, *, status: int = 200) -> web.Response:
    return web.Response(text=jsontext.dumps(document), status=status, content_type="application/json")
