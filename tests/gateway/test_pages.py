"""Pages wait for the database, and not for ever: who asks is told. A process takes on no more than it can hold."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.pages import MOST_OF_ONE, Pages

SILENT, TALKING = 60.0, 0.0  # seconds since the database answered


class Caller:
    """Keeps what it is sent."""

    def __init__(self, path: str = "/admin/", *, authorization: bytes = b"") -> None:
        self.scope = {"type": "http", "path": path, "headers": [(b"authorization", authorization)]}
        self.messages: list[Any] = []

    async def receive(self) -> Any:
        raise AssertionError("nothing more is sent")

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message["body"] for message in self.messages[1:]).decode()


class Django:
    """Answers a page when `database` says so; a file at once."""

    def __init__(self) -> None:
        self.database = asyncio.Event()
        self.done = asyncio.Event()
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        if not scope["path"].startswith("/static/"):
            await self.database.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})
        self.done.set()


async def ask(pages: Pages, path: str = "/admin/", *, authorization: bytes = b"") -> Caller:
    caller = Caller(path, authorization=authorization)
    await pages.serve(caller.scope, caller.receive, caller.send)
    return caller


class TestPages:
    def test_are_answered_by_django(self):
        async def act() -> Caller:
            (django := Django()).database.set()
            return await ask(Pages(django, get_silence=lambda: TALKING))

        caller = asyncio.run(act())

        assert (caller.status, caller.text) == (200, "done")

    def test_are_given_up_while_the_database_is_silent(self):
        async def act() -> tuple[Caller, Django]:
            django = Django()
            caller = await ask(Pages(django, get_silence=lambda: SILENT, patience=0.0))
            django.database.set()
            await django.done.wait()  # what it says now is for nobody
            return caller, django

        caller, django = asyncio.run(act())

        assert (caller.status, django.asked, len(caller.messages)) == (503, 1, 2)
        assert "The database does not answer." in caller.text
        assert "look before it is sent again" in caller.text

    def test_of_the_apis_say_it_in_json(self):
        async def act() -> Caller:
            return await ask(Pages(Django(), get_silence=lambda: SILENT, patience=0.0), "/api/platforms/")

        caller = asyncio.run(act())

        assert caller.status == 503
        assert json.loads(caller.text).keys() == {"detail", "what_to_do"}

    def test_that_take_long_are_waited_for_while_the_database_answers(self):
        async def act() -> Caller:
            django = Django()

            def look() -> float:
                django.database.set()  # the page ends after the hub has looked
                return TALKING

            return await ask(Pages(django, get_silence=look, patience=0.0))

        assert asyncio.run(act()).status == 200

    def test_that_were_begun_are_waited_for(self):
        async def act() -> Caller:
            ends = asyncio.Event()

            async def download(scope: Any, receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                asyncio.get_running_loop().call_later(0.01, ends.set)
                await ends.wait()
                await send({"type": "http.response.body", "body": b"all of it"})

            return await ask(Pages(download, get_silence=lambda: SILENT, patience=0.0))

        caller = asyncio.run(act())

        assert (caller.status, caller.text) == (200, "all of it")

    def test_behind_one_that_was_given_up_are_refused_at_once(self):
        async def act() -> tuple[Caller, Caller, Django]:
            django = Django()
            pages = Pages(django, get_silence=lambda: SILENT, patience=0.0)
            await ask(pages)
            return await ask(pages), await ask(pages, "/static/style.css"), django

        second, file, django = asyncio.run(act())

        assert (second.status, file.status, django.asked) == (503, 200, 2)
        assert "Nothing was done" in second.text

    def test_are_answered_again_when_the_database_goes_on(self):
        async def act() -> Caller:
            django = Django()
            silences = iter([SILENT])
            pages = Pages(django, get_silence=lambda: next(silences, TALKING), patience=0.0)
            await ask(pages)
            django.database.set()
            return await ask(pages)

        assert asyncio.run(act()).status == 200

    def test_beyond_what_a_process_holds_are_refused(self):
        async def act() -> tuple[Caller, Caller]:
            django = Django()
            pages = Pages(django, get_silence=lambda: TALKING, most=1)
            first = asyncio.create_task(ask(pages))
            await asyncio.sleep(0)  # it has begun
            second = await ask(pages)
            django.database.set()
            return await first, second

        first, second = asyncio.run(act())

        assert (first.status, second.status) == (200, 503)
        assert "too many pages" in second.text

    def test_that_are_slowly_taken_keep_nobody_out(self):
        async def act() -> Caller:
            taken = asyncio.Event()

            async def download(scope: Any, receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await taken.wait()

            pages = Pages(download, get_silence=lambda: TALKING, most=1)
            slow = asyncio.create_task(ask(pages))
            await asyncio.sleep(0)  # serve begins the page
            await asyncio.sleep(0)  # the page begins its answer
            other = asyncio.create_task(ask(pages))
            taken.set()
            await slow
            return await other

        assert asyncio.run(act()).status == 200

    def test_that_fail_fail(self):
        async def act() -> None:
            async def broken(scope: Any, receive: Any, send: Any) -> None:
                raise ValueError("ours to mend")

            await ask(Pages(broken, get_silence=lambda: TALKING))

        with pytest.raises(ValueError, match="ours to mend"):
            asyncio.run(act())

    def test_that_are_not_taken_end(self, settings: Any):
        settings.HUB_SEND_TIMEOUT = 0.01
        freed: list[str] = []

        async def download(scope: Any, receive: Any, send: Any) -> None:
            try:
                await send({"type": "http.response.start", "status": 200, "headers": []})
            except asyncio.CancelledError:  # as Django does
                freed.append("thread and connection")

        class Idle(Caller):
            async def send(self, message: Any) -> None:
                await asyncio.Event().wait()

        async def act() -> None:
            caller = Idle()
            pages = Pages(download, get_silence=lambda: TALKING)
            await asyncio.wait_for(pages.serve(caller.scope, caller.receive, caller.send), 5)

        asyncio.run(act())

        assert freed == ["thread and connection"]

    def test_of_one_token_are_few_at_a_time(self):
        async def act() -> tuple[list[int], list[int], list[int]]:
            django = Django()
            pages = Pages(django, get_silence=lambda: TALKING)
            spellings = (b"Bearer one", b"bearer  one ")
            first = [
                asyncio.create_task(ask(pages, "/api/me/", authorization=spellings[number % 2]))
                for number in range(MOST_OF_ONE)
            ]
            await asyncio.sleep(0)  # they have begun
            refused = [(await ask(pages, "/api/me/", authorization=spelling)).status for spelling in spellings]
            others = [asyncio.create_task(ask(pages, authorization=other)) for other in (b"", b"", b"Bearer another")]
            await asyncio.sleep(0)
            django.database.set()
            taken = [(await one).status for one in (*first, *others)]
            return taken, refused, [(await ask(pages, authorization=b"Bearer one")).status]

        taken, refused, again = asyncio.run(act())

        assert (set(taken), refused, again) == ({200}, [429, 429], [200])
