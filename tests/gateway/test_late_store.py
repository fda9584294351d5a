"""What is relayed whole is stored with its verdict, and never later than somebody counts on it (ADR 0013)."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from charging_sessions.models import Session
from gateway import late_store
from gateway.late_store import LateStores
from journal import committer
from journal.rows import Job
from ocpi.errors import OcpiError, ServerError
from tests.conftest import Cast
from tests.documents import as_json, session_document
from tests.forwarding.receivers import answer_with
from tests.live.partner import answer_ok, get_code
from tests.parties.http_peer import Handler

LATER = "2026-11-20T11:00:00Z"


def put(cast: Cast, **changes: Any) -> Any:
    return cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=as_json(session_document(**changes)), to="FR*MSP")


class Held:
    """A receiver that answers the first call when it is let go; the others at once."""

    def __init__(self) -> None:
        self.asked, self._let_go = threading.Event(), threading.Event()

    def __call__(self, handler: Handler) -> None:
        if not self.asked.is_set():
            self.asked.set()
            self._let_go.wait(20)
        answer_ok(handler)

    @contextmanager
    def during(self, call: Callable[[], Any]) -> Iterator[list[Any]]:
        """While it is asked; afterwards the list holds its answer."""
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(call()))
        thread.start()
        try:
            assert self.asked.wait(20)
            yield answers
        finally:
            self._let_go.set()
            thread.join()


def wait_for_session() -> Session:
    for _ in range(2000):
        if (session := Session.objects.first()) is not None:
            return session
        time.sleep(0.01)
    raise AssertionError("it is not stored")


class TestLateStore:
    def test_takes_one_transaction_with_the_verdict(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        jobs: list[Job] = []
        commit = committer.Committer.commit

        def note(self: committer.Committer, batch: list[Job], **options: Any) -> Any:
            jobs.extend(job for job in batch if job.changes or job.marks)
            return commit(self, batch, **options)

        monkeypatch.setattr(committer.Committer, "commit", note)

        assert get_code(put(cast)) == 1000

        session = Session.objects.get()
        assert len(jobs) == 1
        assert (session.verdict_code, session.verdict_at is not None) == (1000, True)

    def test_does_not_wait_for_a_slow_receiver(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(late_store, "PATIENCE", 0.01)
        cast.emsp.behave = held = Held()

        with held.during(lambda: put(cast)) as answers:
            assert wait_for_session().verdict_code is None

        assert get_code(answers[0]) == 1000
        assert Session.objects.get().verdict_code == 1000

    def test_does_not_let_another_push_of_the_object_go_before(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """The PATCH finds nothing to work on, or the older state, and the PUT loses against it afterwards."""
        monkeypatch.setattr(late_store, "PATIENCE", 60.0)
        cast.emsp.behave = held = Held()

        with held.during(lambda: put(cast, kwh=5.0, status="ACTIVE")):
            change = as_json({"status": "COMPLETED", "last_updated": LATER})
            answer = cast.cpo.call("PATCH", "sessions", "NL/CPO/S1", body=change, to="FR*MSP")
            assert get_code(answer) == 1000

        session = Session.objects.get()
        document = json.loads(session.document)
        assert (document["kwh"], document["status"]) == (5.0, "COMPLETED")

    def test_keeps_the_order_of_whole_states(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(late_store, "PATIENCE", 60.0)
        cast.emsp.behave = held = Held()

        with held.during(lambda: put(cast, kwh=1.0)):
            assert get_code(put(cast, kwh=2.0)) == 1000  # told in the same second

        assert json.loads(Session.objects.get().document)["kwh"] == 2.0

    def test_stops_while_nothing_can_be_stored(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """Else all would be relayed, and no row would tell of it."""
        with monkeypatch.context() as broken:
            broken.setattr(committer.Committer, "commit", lambda _, jobs, since: [ServerError("full")] * len(jobs))
            assert [get_code(put(cast)) for _ in range(3)] == [3000] * 3
            assert len(cast.emsp.seen) == 1

        assert [get_code(put(cast)) for _ in range(2)] == [1000] * 2
        assert len(cast.emsp.seen) == 3

    def test_leaves_no_verdict_on_a_newer_state_that_the_receiver_did_not_judge(self, cast: Cast):
        put(cast, last_updated=LATER)
        cast.emsp.behave = answer_with(2001)

        assert get_code(put(cast)) == 2001

        assert Session.objects.get().verdict_code == 1000


class StubWriter:
    def __init__(self, *, error: OcpiError | None = None) -> None:
        self.jobs: list[Job] = []
        self._error = error

    async def write(self, job: Job) -> None:
        self.jobs.append(job)
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error


class TestHeld:
    def test_is_stored_all_the_same_when_the_call_breaks_off(self):
        writer = StubWriter()

        async def break_off() -> None:
            stores = LateStores(writer)  # type: ignore[arg-type]
            with pytest.raises(asyncio.CancelledError), stores.hold("sessions:nlcpo:s1", ()):
                raise asyncio.CancelledError
            while stores:
                await asyncio.sleep(0)

        asyncio.run(asyncio.wait_for(break_off(), 10))

        assert len(writer.jobs) == 1

    def test_is_no_success_when_it_could_not_be_stored(self):
        async def fail() -> None:
            stores = LateStores(StubWriter(error=ServerError("no")))  # type: ignore[arg-type]
            with stores.hold("sessions:nlcpo:s1", ()) as held:
                await stores.settle("sessions:nlcpo:s1")  # hears nothing of it
                with pytest.raises(ServerError):
                    await held.take()

        asyncio.run(fail())
