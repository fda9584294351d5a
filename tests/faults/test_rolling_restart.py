"""Web processes are replaced one after the other under load: no call fails, and no connection is cut under a call."""

from __future__ import annotations

import asyncio
import base64
import http.client
import threading
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.documents import as_json, location_document, session_document
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.partner import Partner
from tests.faults.scene import make_partner, register

CALLERS = 8
IDLE_SECONDS = 0.1  # between two calls on an open connection: it must not be closed meanwhile, unannounced
RELAY_SECONDS = 0.3  # so that some calls are always under way
PATIENCE = 180.0


@dataclass(eq=False)
class Caller(threading.Thread):
    """A client that keeps its connection as long as the hub does not say that it closes it. It never tries again."""

    partner: Partner
    number: int
    over: threading.Event
    done: int = 0
    announced: int = 0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.url = urlsplit(self.partner.get_url("locations"))

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self.over.is_set():
            if connection is None:
                connection = http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=60)
            try:
                is_open = self._call(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                is_open = False
            if not is_open:
                connection.close()
                connection = None
            self.over.wait(IDLE_SECONDS)

    def _call(self, connection: http.client.HTTPConnection) -> bool:
        """Whether the connection may be used again."""
        module, id, to = ("sessions", f"S{self.number}-{self.done}", "FR*MSP") if self.number % 2 else (
            "locations", f"LOC{self.number}", "NL*HUB",
        )  # fmt: skip
        make = session_document if module == "sessions" else location_document
        connection.request(
            "PUT",
            urlsplit(self.partner.get_url(module, f"NL/CPO/{id}")).path,
            body=as_json(make(id=id)),
            headers={
                "Authorization": "Token " + base64.b64encode(self.partner.token.encode()).decode(),
                "Content-Type": "application/json",
                "X-Request-ID": str(uuid.uuid4()),
                "X-Correlation-ID": str(uuid.uuid4()),
                **{f"OCPI-from-{name}": value for name, value in (("country-code", "NL"), ("party-id", "CPO"))},
                **{
                    f"OCPI-to-{name}": value
                    for name, value in zip(("country-code", "party-id"), to.split("*"), strict=True)
                },
            },
        )
        response = connection.getresponse()
        body = response.read()
        if response.status not in (200, 201) or b'"status_code":1000' not in body.replace(b" ", b""):
            self.failures.append(f"{response.status} {body[:200]!r}")
        self.done += 1
        self.announced += response.will_close
        return not response.will_close


def wait_until_replaced(hub: FaultHub, *, names: list[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not all(f"{name} replaced" in hub.said for name in names):
        assert time.monotonic() < end, hub.said[-5:]
        assert not any("could not be replaced" in line for line in hub.said), hub.said[-1]
        time.sleep(0.1)


class TestRollingRestart:
    def test_fails_no_call(self) -> None:
        with run_faulty_hub(web_processes=2) as hub:
            asyncio.run(self._restart_under_load(hub))

    async def _restart_under_load(self, hub: FaultHub) -> None:
        cpo, emsp = make_partner("NL*CPO", "CPO"), make_partner("FR*MSP", "EMSP")
        emsp.pause = RELAY_SECONDS
        async with register(hub, [cpo, emsp], agreed=[("NL*CPO", "FR*MSP")]):
            before = {name: hub.stack.processes[name] for name in hub.get_parts("web")}
            over = threading.Event()
            callers = [Caller(cpo, number, over) for number in range(CALLERS)]
            for caller in callers:
                caller.start()
            await asyncio.sleep(1.0)

            hub.stack.replace("web")
            await asyncio.to_thread(wait_until_replaced, hub, names=list(before))
            so_far = [caller.done for caller in callers]
            await asyncio.sleep(1.0)
            over.set()
            for caller in callers:
                await asyncio.to_thread(caller.join, 60)

            after = {name: hub.stack.processes[name] for name in before}
            assert len(before) == 2
            assert not set(before.values()) & set(after.values())
            assert [failure for caller in callers for failure in caller.failures] == []
            assert all(caller.done > done for caller, done in zip(callers, so_far, strict=True))
            assert (
                sum(caller.announced for caller in callers) >= CALLERS / 2
            )  # connections were closed, by announcement
