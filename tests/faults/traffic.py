"""Partners at work: charge points, sessions and their bills, tokens, tariffs, commands, reads.

Whoever pushes insists until it is answered, as real back ends do; a command is never sent twice (CMD-19).
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from tests import documents
from tests.faults.book import Book, Pushed, stamp
from tests.faults.partner import Partner, Tries, Unanswered

STATUSES = ("AVAILABLE", "CHARGING", "BLOCKED", "OUTOFORDER", "RESERVED")
THINK = 0.1  # seconds between two calls of one actor, at most
Work = Callable[[], Coroutine[Any, Any, None]]


class Traffic:
    """`run` ends when as many calls as wanted were answered 1000, and nobody asks for more by `goes_on`."""

    def __init__(self, *, cpos: list[Partner], emsps: list[Partner], book: Book, wanted: int, seed: int) -> None:
        self._cpos, self._emsps = cpos, emsps
        self._book = book
        self._wanted = wanted
        self._dice = random.Random(seed)
        self._results: set[asyncio.Task[None]] = set()
        self.goes_on: Callable[[], bool] = lambda: False

    @property
    def is_over(self) -> bool:
        return len(self._book.answered) >= self._wanted and not self.goes_on()

    @property
    def progress(self) -> float:
        return len(self._book.answered) / self._wanted

    async def run(self) -> None:
        for cpo in self._cpos:
            cpo.on_command = self._make_on_command(cpo)
        actors: list[Work] = []
        for number, cpo in enumerate(self._cpos):
            actors += [self._make_station(cpo, f"LOC{number}{n}") for n in range(10)]
            actors += [self._make_tariff(cpo, f"TAR{number}{n}") for n in range(3)]
            for emsp in self._emsps:
                actors += [self._make_charging(cpo, emsp) for _ in range(8)]
                actors += [self._make_commands(emsp, cpo) for _ in range(1)]
        for emsp in self._emsps:
            actors += [self._make_token(emsp, f"TOKEN{n}") for n in range(5)]
            actors += [self._make_reads(emsp) for _ in range(2)]
        async with asyncio.TaskGroup() as group:
            for work in actors:
                group.create_task(self._repeat(work))
        await asyncio.gather(*self._results)

    async def _repeat(self, work: Work) -> None:
        while not self.is_over:
            await work()
            await self._think()

    async def _think(self) -> None:
        await asyncio.sleep(self._dice.random() * THINK)

    async def _push(
        self, partner: Partner, method: str, url: str, body: Any, *, module: str, id: str, number: int,
        receiver: str = "", to: str = "",
    ) -> None:  # fmt: skip
        tries = await partner.insist(method, url, body=body, to=to)
        self._book.note_push(
            Pushed(
                module=module, owner=partner.party, id=id, number=number, method=method, receiver=receiver, tries=tries
            )
        )

    # Told to everybody

    def _make_station(self, cpo: Partner, id: str) -> Work:
        place = f"{cpo.party.replace('*', '/')}/{id}"

        async def put() -> None:
            number = self._book.next_number("locations", cpo.party, id)
            evses = [documents.evse_document(uid=uid, last_updated=stamp(number)) for uid in ("EVSE1", "EVSE2")]
            body = documents.location_document(owner=cpo.party, id=id, evses=evses, last_updated=stamp(number))
            url = cpo.get_url("locations", place)
            await self._push(cpo, "PUT", url, body, module="locations", id=id, number=number)

        async def change() -> None:
            if self._book.get_number("locations", cpo.party, id) and self._dice.random() > 0.15:
                number = self._book.next_number("locations", cpo.party, id)
                url = cpo.get_url("locations", f"{place}/{self._dice.choice(('EVSE1', 'EVSE2'))}")
                body = {"status": self._dice.choice(STATUSES), "last_updated": stamp(number)}
                await self._push(cpo, "PATCH", url, body, module="locations", id=id, number=number)
            else:
                await put()
            if self._dice.random() < 0.2:
                await self._read_own(cpo, place, id)

        return change

    async def _read_own(self, cpo: Partner, place: str, id: str) -> None:
        """What was answered 1000 is read back at once, by whatever process answers."""
        tries = await cpo.insist("GET", cpo.get_url("locations", place))
        self._book.note("GET own", tries)
        assert tries.answer is not None
        wanted = stamp(self._book.get_number("locations", cpo.party, id))
        if tries.answer.data["last_updated"] != wanted:
            self._book.stale_reads.append(f"{id}: {tries.answer.data['last_updated']} instead of {wanted}")

    def _make_tariff(self, cpo: Partner, id: str) -> Work:
        url = cpo.get_url("tariffs", f"{cpo.party.replace('*', '/')}/{id}")

        async def change() -> None:
            for _ in range(self._dice.randint(1, 3)):
                number = self._book.next_number("tariffs", cpo.party, id)
                body = documents.tariff_document(owner=cpo.party, id=id, last_updated=stamp(number))
                await self._push(cpo, "PUT", url, body, module="tariffs", id=id, number=number)
                await self._think()
            number = self._book.next_number("tariffs", cpo.party, id)
            await self._push(cpo, "DELETE", url, None, module="tariffs", id=id, number=number)

        return change

    def _make_token(self, emsp: Partner, uid: str) -> Work:
        url = emsp.get_url("tokens", f"{emsp.party.replace('*', '/')}/{uid}", query="type=RFID")

        async def change() -> None:
            number = self._book.next_number("tokens", emsp.party, uid)
            body = documents.token_document(
                owner=emsp.party, uid=uid, valid=bool(number % 2), last_updated=stamp(number)
            )
            await self._push(emsp, "PUT", url, body, module="tokens", id=uid, number=number)
            await asyncio.sleep(5 * THINK)

        return change

    # For one receiver

    def _make_charging(self, cpo: Partner, emsp: Partner) -> Work:
        async def charge() -> None:
            id = f"S{uuid.UUID(int=self._dice.getrandbits(128)).hex[:16].upper()}"
            to = self._dice.choice((emsp.party, ""))  # "": the hub is to find it out
            url = cpo.get_url("sessions", f"{cpo.party.replace('*', '/')}/{id}")

            async def push(method: str, number: int, status: str = "ACTIVE") -> None:
                body: dict[str, Any] = {"kwh": Decimal(number), "last_updated": stamp(number)}
                if method == "PUT":
                    body |= {
                        "status": status,
                        "end_date_time": documents.ABSENT if status == "ACTIVE" else stamp(number),
                    }
                    body = documents.session_document(owner=cpo.party, id=id, token_owner=emsp.party, **body)
                await self._push(
                    cpo, method, url, body, module="sessions", id=id, number=number, receiver=emsp.party, to=to
                )

            await push("PUT", 1)
            last = self._dice.randint(2, 4)
            for number in range(2, last + 1):
                await self._think()
                await push("PATCH", number)
            await push("PUT", last + 1, "COMPLETED")
            body = documents.cdr_document(owner=cpo.party, id=f"C{id}", session_id=id, token_owner=emsp.party)
            await self._push(
                cpo, "POST", cpo.get_url("cdrs"), body, module="cdrs", id=f"C{id}", number=1, receiver=emsp.party, to=to
            )  # fmt: skip

        return charge

    def _make_commands(self, emsp: Partner, cpo: Partner) -> Work:
        async def start() -> None:
            id = f"CMD{len(self._book.commands)}"
            self._book.commands[id] = False
            token = documents.token_document(owner=emsp.party, uid="TOKEN1")
            body = {"response_url": f"{emsp.url}/sender/commands/{id}", "token": token, "location_id": id}
            try:
                answer = await emsp.call_once(
                    "POST", emsp.get_url("commands", "START_SESSION"), body=body, to=cpo.party
                )
            except Unanswered:
                return
            if answer.is_success:
                self._book.commands[id] = True
                self._book.note("POST commands", Tries(f"command {id}", answer))
            await asyncio.sleep(2 * THINK)

        return start

    def _make_on_command(self, cpo: Partner) -> Callable[[dict[str, Any]], None]:
        """The charge point answers a moment later."""

        async def tell(id: str, url: str) -> None:
            await asyncio.sleep(0.3)
            tries = await cpo.insist("POST", url, body={"result": "ACCEPTED"})
            self._book.note("POST result", tries)
            self._book.results[id] = tries.correlation_id

        def on_command(body: dict[str, Any]) -> None:
            task = asyncio.get_running_loop().create_task(tell(body["location_id"], body["response_url"]))
            self._results.add(task)

        return on_command

    # Reads

    def _make_reads(self, emsp: Partner) -> Work:
        def choose() -> str:
            module = self._dice.choice(("locations", "tariffs", "sessions", "cdrs"))
            query = f"date_from=2026-11-20T00:00:00Z&limit=10&offset={self._dice.randint(0, 20)}"
            return emsp.get_url(module, interface="SENDER", query=query)

        async def read() -> None:
            self._book.note("GET list", await emsp.insist("GET", choose()))

        return read
