"""A hub of a few lines, in memory: just enough of OCPI and of the management API to play the scenario against it.

It proves nothing about the real hub. `leaky`: it tells broadcasts to everybody, which the scenario has to notice.
`flaky`: every so many calls it breaks off before or after its work, or says 3000, as a hub does that is killed.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from simulator import cast, jsontext
from simulator.clock import Clock, format_moment, parse_moment
from simulator.month import Month
from simulator.request import read_party, read_token, write_party, write_token
from simulator.state import OWNER_ROLE
from simulator.store import Objects, build_key
from tests.simulator.small_money import SmallMoney

HUB = "NL*HUB"
MODULES = tuple(OWNER_ROLE)


@dataclass
class Partner:
    id: int
    name: str
    parties: dict[str, str]  # "NL*CPO" → role
    token_a: str = field(default_factory=secrets.token_urlsafe)
    accepted: set[str] = field(default_factory=set)
    token_out: str = ""
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    waiting: list[tuple[str, str, str, bytes, str, str]] = field(default_factory=list)


class SmallHub:
    def __init__(self, *, leaky: bool = False, flaky: int = 0, blind: bool = False, careless: bool = False) -> None:
        self.leaky = leaky
        self.flaky = flaky
        self.blind = blind  # it finds nothing when it reconciles
        self._calls = 0
        self.partners: dict[int, Partner] = {}
        self.agreements: dict[frozenset[str], str] = {}  # pair → delivery
        self.stored = {module: Objects(module) for module in MODULES}
        self.findings: list[dict[str, Any]] = []
        self.response_urls: dict[str, tuple[str, Partner, str, str]] = {}  # alias → original, who asked, from, to
        self.setters: dict[str, str] = {}  # session → who set a profile
        self.clock = Clock()
        month = Month.before(self.clock.tick(), zone=cast.TIME_ZONE)
        self.money = SmallMoney(self.stored["cdrs"], self.findings, month, careless=careless)
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> SmallHub:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{path:.*}", self._manage)
        app.router.add_route("*", "/ocpi/{path:.*}", self._ocpi_or_break)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as self._http:
            self._ready.set()
            await self._stop.wait()
        await runner.cleanup()

    # The management API

    async def _manage(self, request: web.Request) -> web.Response:
        path, body = request.match_info["path"].strip("/").split("/"), await request.text()
        asked = jsontext.loads(body) if body else {}
        answer: Any = {"count": 0, "next": None, "previous": None, "results": []}
        match path:
            case ["platforms"] if request.method == "POST":
                parties = {f"{one['country_code']}*{one['party_id']}": one["role"] for one in asked["parties"]}
                partner = Partner(len(self.partners) + 1, asked["name"], parties)
                self.partners[partner.id] = partner
                answer = {"id": partner.id, "token_a": partner.token_a, "versions_url": f"{self.url}/ocpi/versions"}
            case ["platforms", number, "register"]:
                await self._register_at(self.partners[int(number)], asked["versions_url"], asked["token_a"])
            case ["agreements"]:
                self.agreements[frozenset((asked["provider"], asked["consumer"]))] = asked["delivery"]
            case ["reconciliation", "run"]:
                self._reconcile()
            case ["reconciliation"]:
                answer = {"reconciled": len(self.stored["cdrs"]), "pending": 0, "unrated": 0, "by_party": []}
            case ["findings"]:
                answer["results"] = [] if self.blind else self.findings
            case _:
                found = self.money.answer(request.method, path, dict(request.query), asked)
                if isinstance(found, bytes):
                    return web.Response(body=found)
                answer = answer if found is None else found
        return web.json_response(text=jsontext.dumps(answer))

    def _reconcile(self) -> None:
        self.findings.clear()
        bills: dict[str, list[dict[str, Any]]] = {}
        for cdr in self.stored["cdrs"]:
            bills.setdefault(cdr["session_id"], []).append(cdr)
        for session in self.stored["sessions"]:
            found = bills.get(session["id"], [])
            if not found:
                self.findings.append({"kind": "session_without_cdr", "session_id": session["id"]})
            elif any(one.get("credit") for one in found):
                continue
            elif len(found) > 1:
                self.findings.append({"kind": "session_billed_twice", "cdr_id": found[1]["id"]})
            elif found[0]["total_energy"] != session["kwh"]:
                self.findings.append({"kind": "energy_differs", "cdr_id": found[0]["id"]})

    # Configuration modules

    async def _register_at(self, partner: Partner, versions_url: str, token_a: str) -> None:
        token = secrets.token_urlsafe()
        partner.accepted.add(token)
        await self._fetch(partner, versions_url, token_a)
        body = jsontext.dumps(self._credentials(token)).encode()
        url = partner.endpoints["credentials", "SENDER"]
        _, answer, _ = await self._send("POST", url, body, token=token_a)
        partner.token_out = answer["data"]["token"]
        await self._tell_everybody()

    async def _fetch(self, partner: Partner, versions_url: str, token: str) -> None:
        _, versions, _ = await self._send("GET", versions_url, b"", token=token)
        _, details, _ = await self._send("GET", versions["data"][0]["url"], b"", token=token)
        partner.endpoints = {(one["identifier"], one["role"]): one["url"] for one in details["data"]["endpoints"]}

    def _credentials(self, token: str) -> dict[str, Any]:
        role = {"role": "HUB", "country_code": "NL", "party_id": "HUB", "business_details": {"name": "Hub"}}
        return {"token": token, "url": f"{self.url}/ocpi/versions", "roles": [role]}

    async def _tell_everybody(self) -> None:
        for partner in self.partners.values():
            for info in self._list_client_info(partner) if partner.token_out else ():
                url = partner.endpoints["hubclientinfo", "RECEIVER"]
                url += f"/{info['country_code']}/{info['party_id']}"
                await self._send("PUT", url, jsontext.dumps(info).encode(), token=partner.token_out)

    def _list_client_info(self, partner: Partner) -> list[dict[str, Any]]:
        now, found = format_moment(self.clock.tick()), []
        for other in self.partners.values():
            for party, role in other.parties.items():
                if other.token_out and any(self._may_talk(party, own) for own in partner.parties):
                    country, party_id = party.split("*")
                    info = {"country_code": country, "party_id": party_id, "role": role, "status": "CONNECTED"}
                    found.append(info | {"last_updated": now})
        return found

    def _may_talk(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self.agreements

    # OCPI

    async def _ocpi_or_break(self, request: web.Request) -> web.Response:
        self._calls += 1
        breaks = self.flaky and self._calls % self.flaky == 0 and "credentials" not in request.path
        way = self._calls // self.flaky % 3 if breaks else -1
        if way == 0:
            return _break_off(request)
        answer = await self._ocpi(request)
        if way == 1:
            return _break_off(request)
        return self._answer(request, code=3000) if way == 2 else answer

    async def _ocpi(self, request: web.Request) -> web.Response:
        token = read_token(request.headers.get("Authorization"))
        caller = next((one for one in self.partners.values() if token in one.accepted or token == one.token_a), None)
        if caller is None:
            return self._answer(request, status=401, code=2000)
        path, body = request.match_info["path"].split("/"), await request.read()
        match path:
            case ["versions"]:
                return self._answer(request, data=[{"version": "2.2.1", "url": f"{self.url}/ocpi/2.2.1"}])
            case ["2.2.1"]:
                return self._answer(request, data={"version": "2.2.1", "endpoints": self._endpoints()})
            case ["2.2.1", "credentials"]:
                return await self._take_registration(request, caller, jsontext.loads(body))
            case ["2.2.1", "sender", "hubclientinfo"]:
                return self._answer(request, data=self._list_client_info(caller))
        await self._drain(caller)
        headers = {name.lower(): value for name, value in request.headers.items()}
        sender, receiver = read_party(headers, "from") or "", read_party(headers, "to") or ""
        if path[1] == "alias":
            return await self._call_back(request, path[2], body)
        receiver = receiver or self._find_receiver(path, body)
        body, request = self._hide_response_url(caller, request, path, body, sender, receiver)
        if receiver != HUB:
            return await self._relay(request, path, body, sender, receiver)
        if request.method == "GET":
            return self._get_all(request, path[2], sender)
        return await self._broadcast(request, path, body, sender)

    def _endpoints(self) -> list[dict[str, str]]:
        base = f"{self.url}/ocpi/2.2.1"
        both = [
            {"identifier": module, "role": role, "url": f"{base}/{role.lower()}/{module}"}
            for module in MODULES
            for role in ("SENDER", "RECEIVER")
        ]
        single = [("credentials", f"{base}/credentials"), ("hubclientinfo", f"{base}/sender/hubclientinfo")]
        return [{"identifier": name, "role": "SENDER", "url": url} for name, url in single] + both

    async def _take_registration(self, request: web.Request, caller: Partner, asked: dict[str, Any]) -> web.Response:
        await self._fetch(caller, asked["url"], asked["token"])
        caller.token_out, caller.token_a = asked["token"], ""
        caller.accepted = {secrets.token_urlsafe()}
        await self._tell_everybody()
        return self._answer(request, data=self._credentials(next(iter(caller.accepted))))

    async def _broadcast(self, request: web.Request, path: list[str], body: bytes, sender: str) -> web.Response:
        self._store(request.method, path, body)
        for partner in self.partners.values():
            for party in partner.parties if (path[2], "RECEIVER") in partner.endpoints else ():
                if sender not in partner.parties and (self.leaky or self._may_talk(sender, party)):
                    await self._deliver(
                        request, partner, path, body, HUB, party, delivery=self._delivery(sender, party)
                    )
        return self._answer(request)

    def _find_receiver(self, path: list[str], body: bytes) -> str:
        """Open routing of a START_SESSION and of a CPO's profile."""
        if path[2] == "chargingprofiles":
            return self.setters[path[3]]
        wanted = jsontext.loads(body)["location_id"]
        evse = jsontext.loads(body)["evse_uid"]
        found = [one for one in self.stored["locations"] if one["id"] == wanted]
        owned = [one for one in found if any(each["uid"] == evse for each in one["evses"])]
        return build_key("locations", owned[0]).split("/")[0]

    def _hide_response_url(
        self, caller: Partner, request: web.Request, path: list[str], body: bytes, sender: str, receiver: str
    ) -> tuple[bytes, web.Request]:
        document = jsontext.loads(body) if body and path[2] in ("commands", "chargingprofiles") else {}
        original = document.get("response_url") or request.query.get("response_url")
        if not original:
            return body, request
        alias = f"{self.url}/ocpi/2.2.1/alias/{len(self.response_urls)}"
        self.response_urls[alias] = (original, caller, receiver, sender)
        if request.method == "PUT":
            self.setters[path[3]] = sender
        if document:
            return jsontext.dumps(document | {"response_url": alias}).encode(), request
        return body, request.clone(rel_url=request.rel_url.update_query(response_url=alias))

    async def _call_back(self, request: web.Request, number: str, body: bytes) -> web.Response:
        original, asking, sender, receiver = self.response_urls[f"{self.url}/ocpi/2.2.1/alias/{number}"]
        outcome = await self._try("POST", original, body, asking, sender, receiver)
        return self._answer(request, code=outcome[1]["status_code"] if outcome else 4003)

    def _delivery(self, one: str, other: str) -> str:
        return self.agreements.get(frozenset((one, other)), "relay")

    async def _relay(
        self, request: web.Request, path: list[str], body: bytes, sender: str, receiver: str
    ) -> web.Response:
        partner = next(one for one in self.partners.values() if receiver in one.parties)
        if not self._may_talk(sender, receiver):
            return self._answer(request, code=4003)
        delivery = self._delivery(sender, receiver) if request.method != "GET" else "relay"
        outcome = await self._deliver(request, partner, path, body, sender, receiver, delivery=delivery)
        if outcome is None:
            return self._answer(request, code=4003)
        if request.method != "GET" and path[2] not in ("commands", "chargingprofiles"):
            self._store(request.method, path, body)
        status, answer, headers = outcome
        kept = {name: headers[name] for name in ("X-Total-Count", "X-Limit") if name in headers}
        if "Link" in headers:
            query = headers["Link"].split("?")[1].split(">")[0]
            kept["Link"] = f'<{self.url}{request.path}?{query}>; rel="next"'
        return self._answer(request, status=status, code=answer["status_code"], data=answer.get("data"), headers=kept)

    async def _deliver(
        self,
        request: web.Request,
        partner: Partner,
        path: list[str],
        body: bytes,
        sender: str,
        to: str,
        *,
        delivery: str,
    ) -> Any:
        url = "/".join([partner.endpoints[path[2], path[1].upper()], *path[3:]])
        url += f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        if partner.waiting and delivery == "store_and_forward":
            outcome = None
        else:
            outcome = await self._try(request.method, url, body, partner, sender, to)
        if outcome is None and delivery == "store_and_forward":
            partner.waiting.append((request.method, url, path[2], body, sender, to))
            return 200, {"status_code": 1000}, {}
        return outcome

    async def _drain(self, partner: Partner) -> None:
        waiting, partner.waiting = partner.waiting, []
        for method, url, _, body, sender, to in waiting:
            await self._try(method, url, body, partner, sender, to)

    async def _try(self, method: str, url: str, body: bytes, partner: Partner, sender: str, to: str) -> Any:
        headers = write_party(sender, "from") | write_party(to, "to")
        try:
            return await self._send(method, url, body, token=partner.token_out, headers=headers)
        except aiohttp.ClientError:
            return None

    async def _send(self, method: str, url: str, body: bytes, *, token: str, headers: Any = None) -> Any:
        sent = {"Authorization": write_token(token), "Content-Type": "application/json", **(headers or {})}
        sent |= {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
        async with self._http.request(method, url, data=body or None, headers=sent) as response:
            return response.status, jsontext.loads(await response.text()), response.headers

    def _store(self, method: str, path: list[str], body: bytes) -> None:
        objects, document = self.stored[path[2]], jsontext.loads(body)
        key, below = ("*".join(path[3:5]) + "/" + path[5], tuple(path[6:])) if len(path) > 5 else ("", ())
        if method in ("PUT", "POST"):
            objects.put(document)
        elif below:
            objects.patch_child(key, below, document)
        else:
            objects.patch(key, document)

    def _get_all(self, request: web.Request, module: str, asker: str) -> web.Response:
        since = parse_moment(request.query.get("date_from", "2000-01-01T00:00:00Z"))
        visible = [one for one in self.stored[module] if self._is_visible(one, module, asker)]
        visible = [one for one in visible if parse_moment(one["last_updated"]) >= since]
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 100))
        headers = {"X-Total-Count": str(len(visible)), "X-Limit": str(limit)}
        if offset + limit < len(visible):
            url = request.rel_url.update_query(offset=str(offset + limit), limit=str(limit))
            headers["Link"] = f'<{self.url}{url}>; rel="next"'
        return self._answer(request, data=visible[offset : offset + limit], headers=headers)

    def _is_visible(self, document: dict[str, Any], module: str, asker: str) -> bool:
        token = document.get("cdr_token")
        if token is not None:
            return f"{token['country_code']}*{token['party_id']}" == asker
        return self._may_talk(asker, build_key(module, document).split("/")[0])

    def _answer(
        self, request: web.Request, *, status: int = 200, code: int = 1000, data: Any = None, headers: Any = None
    ) -> web.Response:
        envelope = {"status_code": code, "timestamp": format_moment(self.clock.tick())}
        envelope |= {} if data is None else {"data": data}
        sent = {name.lower(): value for name, value in request.headers.items()}
        back = {name: sent[name.lower()] for name in ("X-Request-ID", "X-Correlation-ID") if name.lower() in sent}
        if asker := read_party(sent, "from"):
            back |= write_party(asker, "to") | write_party(read_party(sent, "to") or HUB, "from")
        text = jsontext.dumps(envelope)
        return web.Response(status=status, text=text, content_type="application/json", headers=back | (headers or {}))


def _break_off(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
