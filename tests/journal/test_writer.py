"""The writer against a real PostgreSQL: what is written, what is refused, and what hurts whom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from journal.batch import run_batch
from journal.rows import Change, Job, NewAlias, Outcome, Written
from journal.writer import Writer
from ocpi.errors import InvalidParameter, Overloaded, ServerError, UnknownObject
from tests.journal.conftest import Query
from tests.journal.things import NOW, change, count, event, job, log_row, logging, mark, put

pytestmark = pytest.mark.django_db


def write_all(writer: Writer, *jobs: Job) -> list[Any]:
    """Handed in together, so that they share a batch."""

    async def together() -> list[Any]:
        return list(await asyncio.gather(*(writer.write(each) for each in jobs), return_exceptions=True))

    return asyncio.run(together())


def things(query: Query) -> list[tuple[Any, ...]]:
    return query("SELECT name, stamp, verdict FROM journal_test_thing ORDER BY name")


def crash(*args: Any) -> Any:
    raise ZeroDivisionError("a mistake of ours")


def copy_base(row: Any, base: Any) -> dict[str, Any]:
    return {"document": "{}", "stamp": base["stamp"]}


def refuse(row: Any, base: Any) -> None:
    raise UnknownObject("not here")


class TestBulk:
    TOLD = '{"name":"caf\u00e9 \\"zum Eck\\" \\\\ %s; it\'s","note":null}'

    def seen(self, told: list[Any], name: str, *, looks: bool, base: str | None = None) -> Change:
        def apply(row: Any, base: Any) -> None:
            told.append((base or row)["document"])

        return change(name, apply, base=base, reads=None if looks else frozenset({"stamp"}))

    def test_is_stored_to_the_letter(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(document=self.TOLD), event=event(body=self.TOLD)), job(put("two", document="")))
        write_all(writer, job(put("two", document=self.TOLD)))

        assert query("SELECT document FROM journal_test_thing") == [(self.TOLD,), (self.TOLD,)]
        assert query("SELECT body FROM journal_event") == [(self.TOLD,)]

    def test_of_several_rows_stays_with_its_own(self, query: Query, writer: Writer) -> None:
        names = [f"n{number}" for number in range(40)]
        write_all(writer, *(job(put(name, document=name), event=event(name, body=name)) for name in names))
        write_all(writer, *(job(put(name, document=name * 2)) for name in reversed(names)))

        assert set(query("SELECT name, document FROM journal_test_thing")) == {(name, name * 2) for name in names}
        assert set(query("SELECT path, body FROM journal_event")) == {(name, name) for name in names}

    def test_is_read_only_for_those_who_look_at_it(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(document="a")), job(put("two", document="b")))
        told: list[Any] = []

        write_all(
            writer,
            job(self.seen(told, "one", looks=False)),
            job(self.seen(told, "two", looks=False)),
            job(self.seen(told, "two", looks=True)),
        )

        assert told == [None, "b", "b"]

    def test_is_read_of_a_base_that_is_locked_too(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(document="a")))
        told: list[Any] = []

        write_all(
            writer,
            job(self.seen(told, "one", looks=False)),
            job(self.seen(told, "two", base="one", looks=True)),
        )

        assert told == ["a", "a"]

    def test_is_not_read_where_nobody_looks_at_it(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(document="a")))
        told: list[Any] = []

        def apply(row: Any, base: Any) -> None:
            told.append(row)

        write_all(writer, job(change("one", apply, reads=frozenset({"stamp"}))))

        assert told == [{"owner": "nlcpo", "name": "one", "stamp": 1}]

    def test_is_what_an_earlier_job_of_the_batch_wrote(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(document="a")))
        told: list[Any] = []

        write_all(writer, job(put(stamp=2, document="b")), job(self.seen(told, "one", looks=True)))

        assert told == ["b"]


class TestWrite:
    def test_makes_everything_of_a_job_durable(self, query: Query, writer: Writer) -> None:
        alias = NewAlias(
            token="t" * 43, kind="link", user=1, party="nlems", target=2, target_party="nlcpo", module="cdrs",
            interface="SENDER", url="https://cpo.example/2", created_at=NOW, expires_at=NOW,
        )  # fmt: skip

        [written] = write_all(writer, job(put(), event=event(), aliases=(alias,), log=logging()))

        assert written.outcomes == (Outcome.CREATED,)
        assert things(query) == [("one", 1, None)]
        assert query("SELECT id, object_key, at FROM journal_event") == [(written.event, "locations:nlcpo:one", NOW)]
        assert query("SELECT message, leg FROM journal_calllog") == [("created", "in")]
        assert query("SELECT token, url FROM journal_alias") == [("t" * 43, "https://cpo.example/2")]

    def test_keeps_what_is_newer_and_tells_nobody(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(stamp=5)))

        [written] = write_all(writer, job(put(stamp=4), event=event(), log=logging()))

        assert written == Written(outcomes=(Outcome.KEPT,), event=None)
        assert things(query) == [("one", 5, None)]
        assert query("SELECT count(*) FROM journal_event") == [(0,)]
        assert query("SELECT message FROM journal_calllog") == [("kept",)]

    def test_tells_what_changes_nothing_only_while_the_row_is_as_it_was(self, query: Query, writer: Writer) -> None:
        """What the store tells again must not be older than what it holds when the event is written."""
        write_all(writer, job(put(stamp=5)))

        def apply(row: Any, base: Any) -> dict[str, Any] | None:
            return {} if row is not None and row["stamp"] == 5 else None

        as_it_is = change("one", apply, reads=frozenset({"stamp"}))
        told, _, kept = write_all(writer, job(as_it_is, event=event()), job(put(stamp=6)), job(as_it_is, event=event()))

        assert query("SELECT id FROM journal_event") == [(told.event,)]
        assert kept == Written(outcomes=(Outcome.KEPT,), event=None)
        assert things(query) == [("one", 6, None)]

    def test_appends_an_event_without_a_change(self, query: Query, writer: Writer) -> None:
        [written] = write_all(writer, job(event=event()))

        assert query("SELECT id FROM journal_event") == [(written.event,)]

    def test_applies_jobs_on_one_key_in_their_order(self, query: Query, writer: Writer) -> None:
        written = write_all(writer, *(job(put(stamp=n, document=str(n)), event=event(body=str(n))) for n in range(50)))

        assert [each.outcomes[0] for each in written] == [Outcome.CREATED] + [Outcome.UPDATED] * 49
        assert query("SELECT document FROM journal_test_thing") == [("49",)]
        assert query("SELECT body FROM journal_event ORDER BY id") == [(str(n),) for n in range(50)]
        assert [each.event for each in written] == sorted(each.event for each in written)

    def test_leaves_columns_alone_that_a_change_does_not_name(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put(), marks=(mark(verdict=1000),)))

        write_all(writer, job(put(stamp=2)))

        assert things(query) == [("one", 2, 1000)]

    def test_marks_a_row_that_is_there_and_no_other(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put()))

        write_all(writer, job(marks=(mark(verdict=2001), mark("nowhere", verdict=1000))))

        assert things(query) == [("one", 1, 2001)]

    def test_gives_a_change_the_base_it_asked_for(self, query: Query, writer: Writer) -> None:
        write_all(writer, job(put("base", stamp=7)))

        write_all(writer, job(change("variant", copy_base, base="base")))

        assert things(query) == [("base", 7, None), ("variant", 7, None)]

    def test_shows_a_base_as_the_same_batch_left_it(self, query: Query, writer: Writer) -> None:
        copy = change("variant", copy_base, base="base")

        write_all(writer, job(put("base", stamp=7)), job(copy))

        assert things(query) == [("base", 7, None), ("variant", 7, None)]

    def test_spreads_objects_over_sublanes_and_keeps_each_in_one(self, query: Query, writer: Writer) -> None:
        write_all(writer, *(job(event=event(f"object-{n % 20}")) for n in range(60)))

        assert query(
            "SELECT max(c) FROM (SELECT count(DISTINCT sublane) c FROM journal_event GROUP BY object_key) s"
        ) == [(1,)]
        assert query("SELECT count(DISTINCT sublane) > 3 FROM journal_event") == [(True,)]

    def test_answers_callers_of_several_loops(self, query: Query, writer: Writer) -> None:
        results: list[Any] = []
        threads = [
            threading.Thread(target=lambda n=n: results.extend(write_all(writer, job(count(f"of-{n}")))))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [result.outcomes for result in results] == [(Outcome.CREATED,)] * 4

    def test_answers_the_others_of_a_batch_when_one_caller_has_gone(
        self, query: Query, new_writer: Callable[..., Writer]
    ) -> None:
        is_running, may_end = threading.Event(), threading.Event()

        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            is_running.set()
            may_end.wait(10)
            return run_batch(cursor, jobs)

        async def main() -> Written:
            writer = new_writer(run=run)
            gone, stays = (asyncio.create_task(writer.write(job(count(name)))) for name in ("gone", "stays"))
            await asyncio.to_thread(is_running.wait)
            gone.cancel()
            await asyncio.sleep(0)
            may_end.set()
            return await stays

        assert asyncio.run(main()).outcomes == (Outcome.CREATED,)

    def test_says_which_events_are_durable(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        told: list[int] = []
        writer = new_writer(on_events=told.append)

        [written] = write_all(writer, job(event=event()))
        writer.stop()

        assert told == [written.event]

    def test_goes_on_when_the_listener_fails(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        def fail(last_id: int) -> None:
            raise RuntimeError("no Redis")

        writer = new_writer(on_events=fail)

        results = [write_all(writer, job(event=event()))[0] for _ in range(2)]

        assert all(isinstance(result, Written) for result in results)


class TestRefusals:
    def test_drops_a_refused_job_alone_and_whole(self, query: Query, writer: Writer) -> None:
        refused = job(put("two"), put(stamp=9), change("three", refuse), event=event("two"), log=logging())

        before, error, after = write_all(writer, job(put()), refused, job(count()))

        assert isinstance(error, UnknownObject)
        assert (before.outcomes, after.outcomes) == ((Outcome.CREATED,), (Outcome.UPDATED,))
        assert things(query) == [("one", 2, None)]
        assert query("SELECT count(*) FROM journal_event") == [(0,)]
        assert query("SELECT count(*) FROM journal_calllog") == [(0,)]

    @pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
    def test_refuses_text_that_cannot_be_stored(self, text: str, query: Query, writer: Writer) -> None:
        bad_value, bad_key, bad_event, bad_base, good = write_all(
            writer,
            job(put("two", document=text)),
            job(put(text)),
            job(event=event(path=text)),
            job(change("two", lambda row, base: None, base=text)),
            job(put()),
        )

        assert [type(each) for each in (bad_value, bad_key, bad_event, bad_base)] == [InvalidParameter] * 4
        assert good.outcomes == (Outcome.CREATED,)
        assert things(query) == [("one", 1, None)]

    def test_keeps_a_log_row_whatever_a_peer_sent(self, query: Query, writer: Writer) -> None:
        row = log_row(request_id="x\x00y\ud800", correlation_id="é" * 9000, status_code=10**12, receiver="far too long")

        [written] = write_all(writer, job(log=lambda outcomes: (row,)))

        assert isinstance(written, Written)
        assert query("SELECT request_id, correlation_id, status_code, receiver FROM journal_calllog") == [
            ("x\ufffdy?", "é" * 250, None, "far too long")
        ]


class TestPoison:
    """A job that PostgreSQL refuses, or that fails in our own code, hurts only itself."""

    @pytest.mark.parametrize(
        "poison",
        [
            job(put("a name that is far too long for its column")),
            job(put("two", stamp=2**40)),
            job(change("two", lambda row, base: {"document": "{}", "stamp": {"a": "dict"}})),
            job(change("two", lambda row, base: {"document": "{}", "stamp": 1, "unknown": 1})),
            job(change("two", lambda row, base: {"document": None, "stamp": 1})),
            job(change("two", crash)),
            job(put("two"), log=crash),
        ],
    )
    def test_hurts_only_itself(self, poison: Job, query: Query, writer: Writer) -> None:
        before, error, after = write_all(writer, job(count(), event=event()), poison, job(count(), event=event()))

        assert isinstance(error, ServerError)
        assert (before.outcomes, after.outcomes) == ((Outcome.CREATED,), (Outcome.UPDATED,))
        assert things(query) == [("one", 2, None)]
        assert query("SELECT count(*) FROM journal_event") == [(2,)]

    def test_never_cuts_a_value_to_fit(self, query: Query, writer: Writer) -> None:
        [error] = write_all(writer, job(put("a name that is far too long for its column")))

        assert isinstance(error, ServerError)
        assert things(query) == []


class TestOverload:
    def test_refuses_when_too_many_wait(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        entered, release = threading.Event(), threading.Event()

        def slow(cursor: Any, jobs: Sequence[Job]) -> Any:
            entered.set()
            release.wait(10)
            return run_batch(cursor, jobs)

        writer = new_writer(run=slow, max_waiting=3)

        async def main() -> Any:
            first = asyncio.ensure_future(writer.write(job(count())))
            await asyncio.to_thread(entered.wait, 10)
            waiting = [asyncio.ensure_future(writer.write(job(count()))) for _ in range(3)]
            await asyncio.sleep(0)  # lets them join the queue
            with pytest.raises(Overloaded):
                await writer.write(job(count()))
            release.set()
            return await asyncio.gather(first, *waiting)

        assert len(asyncio.run(main())) == 4
        assert things(query) == [("one", 4, None)]

    def test_writes_what_waits_before_it_stops_and_then_refuses(self, query: Query, writer: Writer) -> None:
        async def main() -> Any:
            waiting = [asyncio.ensure_future(writer.write(job(count()))) for _ in range(300)]
            await asyncio.sleep(0)
            await asyncio.to_thread(writer.stop)
            with pytest.raises(ServerError):
                await writer.write(job(count()))
            return await asyncio.gather(*waiting)

        assert len(asyncio.run(main())) == 300
        assert things(query) == [("one", 300, None)]


class TestWriteBlocking:
    def test_writes_without_the_thread(self, query: Query) -> None:
        told: list[int] = []
        writer = Writer(on_events=told.append)

        written = writer.write_blocking(job(put(), event=event(), log=logging()))
        writer.stop()

        assert written.outcomes == (Outcome.CREATED,)
        assert told == [written.event]
        assert things(query) == [("one", 1, None)]

    def test_raises_the_refusal(self, query: Query) -> None:
        writer = Writer()

        with pytest.raises(UnknownObject):
            writer.write_blocking(job(put(), change("two", refuse)))
        writer.stop()

        assert things(query) == []
