"""A reading that breaks off in the middle goes on there, and a whole list stays a whole one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils.timezone import now

from forwarding.pull import pull_next
from forwarding.pull_ask import ask
from forwarding.pull_reading import Reading
from journal.models import PullRequest, PullSeen
from tests.conftest import Cast
from tests.documents import ABSENT, changed, location_document
from tests.live.partner import LONG_AGO
from tests.pulls.lists import Lists, get_ids, pull

PAGES: list[Sequence[Any]] = [[location_document(id=f"LOC{number}")] for number in range(1, 5)]


class Died(BaseException):
    """As kill -9: nothing is recorded, nothing given back."""


@contextmanager
def dying_at(cursor: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    fetch = Reading._fetch

    def die(self: Reading, url: str) -> Any:
        if url.endswith(f"cursor={cursor}"):
            raise Died
        return fetch(self, url)

    with patch.context() as patched:
        patched.setattr(Reading, "_fetch", die)
        yield


def pull_and_die(cast: Cast, cursor: str, patch: pytest.MonkeyPatch, *, is_full: bool = True) -> None:
    with dying_at(cursor, patch), pytest.raises(Died):
        pull(cast.cpo, is_full=is_full)
    expire()


def expire() -> None:
    PullRequest.objects.update(leased_until=LONG_AGO)


def go_on() -> PullRequest:
    done = pull_next(clock=now)
    assert done is not None
    return done


def get_cursors(lists: Lists) -> list[str]:
    return [seen.path.partition("cursor=")[2] for seen in lists.seen]


class TestWorkerDied:
    def test_the_next_goes_on_behind_the_page_read_last(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)

        done = go_on()

        assert get_cursors(lists) == ["", "1", "1", "2", "3"]
        assert (done.state, done.pages, done.objects_read, done.stored) == ("DONE", 4, 4, 4)
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC3", "LOC4"]

    def test_what_only_the_first_worker_saw_is_not_taken_for_gone(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """LOC-17: and what neither saw is."""
        Lists(cast.cpo, pages={"locations": [*PAGES, [location_document(id="GONE")]]})
        pull(cast.cpo)
        Lists(cast.cpo, pages={"locations": PAGES}, totals={"locations": 4})
        pull_and_die(cast, "2", monkeypatch)

        done = go_on()

        assert (done.state, done.removed, done.last_error) == ("DONE", 1, "")
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC3", "LOC4"]
        assert not PullSeen.objects.exists()

    def test_after_the_last_page_the_list_is_only_confirmed(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        Lists(cast.cpo, pages={"locations": [*PAGES, [location_document(id="GONE")]]})
        pull(cast.cpo)
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        before = len(lists.seen)
        with monkeypatch.context() as patched:
            patched.setattr("forwarding.pull_reading.pull_gone.settle", _die)
            with pytest.raises(Died):
                pull(cast.cpo, is_full=True)
        expire()

        done = go_on()

        whole = ["", "1", "2", "3"]
        assert get_cursors(lists)[before:] == [*whole, *whole, "3", *whole]
        assert (done.state, done.removed) == ("DONE", 1)

    def test_a_list_that_moved_meanwhile_is_read_from_its_beginning(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """Objects slid from a page not yet read onto one that was."""
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)
        lists.pages["locations"] = PAGES[1:]

        done = go_on()

        assert get_cursors(lists) == ["", "1", "1", *["", "1", "2"] * 2]
        assert (done.state, done.pages, done.removed) == ("DONE", 3, 1)
        assert get_ids(cast.emsp) == ["LOC2", "LOC3", "LOC4"]

    def test_a_cursor_that_is_not_valid_any_more_is_no_end(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)

        def refuse(handler: Any, query: Any) -> None:
            del lists.answers["locations", "1"]
            handler.answer(b"no such cursor", status=404)

        lists.answers["locations", "1"] = refuse

        done = go_on()

        assert get_cursors(lists)[2:] == ["1", "", "1", "2", "3"]
        assert (done.state, done.pages) == ("DONE", 4)

    def test_an_object_without_id_before_the_crash_still_forbids_to_remove(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ):
        Lists(cast.cpo, pages={"locations": [[location_document(id="KEPT")]]})
        pull(cast.cpo)
        Lists(cast.cpo, pages={"locations": [[changed(location_document(), id=ABSENT)], *PAGES]})
        pull_and_die(cast, "2", monkeypatch)

        done = go_on()

        assert (done.state, done.removed) == ("DONE", 0)
        assert "an object had no id" in done.last_error
        assert "KEPT" in get_ids(cast.emsp)

    def test_the_reading_began_when_its_first_page_was_asked_for(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """The next delta must reach back to it: what changed on the first pages since then was not read."""
        Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)
        begun_at = PullRequest.objects.get().started_at
        assert begun_at is not None

        go_on()
        following = pull(cast.cpo)

        assert following.date_from == begun_at - timedelta(hours=1)

    def test_changes_are_asked_from_the_same_moment(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        Lists(cast.cpo)
        pull(cast.cpo)
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch, is_full=False)
        asked_from = PullRequest.objects.latest("id").date_from

        assert go_on().date_from == asked_from
        assert get_cursors(lists)[-3:] == ["1", "2", "3"]

    def test_after_a_day_it_begins_anew(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)
        PullRequest.objects.update(started_at=now() - timedelta(hours=25))

        go_on()

        assert get_cursors(lists)[2:] == ["", "1", "2", "3"]


class TestPartnerFailed:
    def test_it_is_read_on_from_there_later(self, cast: Cast):
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        lists.answers["locations", "2"] = lambda handler, _: handler.answer(b"no", status=500)
        assert pull(cast.cpo, is_full=True).state == "WAITING"
        del lists.answers["locations", "2"]
        PullRequest.objects.update(due_at=LONG_AGO)

        done = go_on()

        assert (done.state, done.pages) == ("DONE", 4)
        assert get_cursors(lists)[3:] == ["1", "2", "3"]

    def test_who_asks_again_means_the_whole_of_it(self, cast: Cast):
        """A platform came back, say: what was read before it went away may have changed."""
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        lists.answers["locations", "2"] = lambda handler, _: handler.answer(b"no", status=500)
        pull(cast.cpo)
        del lists.answers["locations", "2"]
        ask(cast.cpo.platform, ["locations"], reason=PullRequest.Reason.RETURN, now=now())
        PullRequest.objects.update(due_at=LONG_AGO)

        go_on()

        assert get_cursors(lists)[3:] == ["", "1", "2", "3"]

    def test_what_comes_further_each_time_is_not_given_up(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        pages: list[Sequence[Any]] = [[location_document(id=f"LOC{number}")] for number in range(8)]
        Lists(cast.cpo, pages={"locations": pages})
        pull_and_die(cast, "1", monkeypatch)

        for cursor in "234567":
            with dying_at(cursor, monkeypatch), pytest.raises(Died):
                pull_next(clock=now)
            expire()

        assert go_on().state == "DONE"

    def test_a_page_that_kills_its_workers_is_given_up(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        Lists(cast.cpo, pages={"locations": PAGES})
        pull_and_die(cast, "2", monkeypatch)
        for _ in range(2):
            with dying_at("2", monkeypatch), pytest.raises(Died):
                pull_next(clock=now)
            expire()

        assert pull_next(clock=now) is None
        assert PullRequest.objects.get().state == "FAILED"
        assert not PullSeen.objects.exists()


def _die(*args: Any, **kwargs: Any) -> int:
    raise Died


class TestTurns:
    """No partner keeps the others from being read: not by pages that come slowly, nor by pages without an end."""

    def read(self, *, minutes_a_look: int = 3) -> PullRequest:
        """One turn, of a partner so slow that the clock goes on each time somebody looks at it."""
        began = now()
        ticks = iter(began + timedelta(minutes=minutes_a_look * number) for number in range(1000))
        done = pull_next(clock=lambda: next(ticks))
        assert done is not None
        return done

    def ask(self, cast: Cast, *, is_waited_for: bool = True) -> Lists:
        lists = Lists(cast.cpo, pages={"locations": PAGES})
        ask(cast.cpo.platform, ["locations"], reason=PullRequest.Reason.STAFF, now=now())
        if is_waited_for:
            ask(cast.emsp.platform, ["tokens"], reason=PullRequest.Reason.STAFF, now=now())
        return lists

    def test_end_when_others_wait(self, cast: Cast):
        lists = self.ask(cast)

        slow = self.read()
        PullRequest.objects.filter(pk=slow.pk).update(due_at=now())  # the clock of its partner was fast
        other, again = go_on(), go_on()

        assert (slow.state, slow.attempts) == ("WAITING", 0)
        assert 0 < slow.pages < len(PAGES)
        assert (other.module, other.state) == ("tokens", "DONE")
        assert (again.pk, again.state, again.pages) == (slow.pk, "DONE", 4)
        assert get_cursors(lists).count("") == 1  # it went on
        assert get_ids(cast.emsp) == ["LOC1", "LOC2", "LOC3", "LOC4"]

    def test_go_on_while_nobody_waits(self, cast: Cast):
        self.ask(cast, is_waited_for=False)

        assert self.read().state == "DONE"

    def test_go_on_for_a_while(self, cast: Cast):
        self.ask(cast)

        assert self.read(minutes_a_look=0).state == "DONE"

    def test_are_longer_for_what_was_asked_for_long_ago(self, cast: Cast):
        self.ask(cast)
        PullRequest.objects.filter(module="locations").update(requested_at=LONG_AGO)

        assert self.read().state == "DONE"

    def test_end_for_good_where_the_list_was_asked_for_anew(self, cast: Cast):
        lists = self.ask(cast)
        lists.answers["locations", "1"] = lambda handler, query: self._ask_again(cast, lists, handler, query)

        slow = self.read()

        assert slow.state == "FAILED"
        assert "anew" in slow.last_error

    def _ask_again(self, cast: Cast, lists: Lists, handler: Any, query: Any) -> None:
        PullRequest.objects.create(
            platform=cast.cpo.platform.pk,
            party="nlcpo",
            module="locations",
            reason=PullRequest.Reason.SCHEDULE,
            requested_at=now(),
            due_at=now() + timedelta(days=1),
        )
        connections.close_all()
        lists.answer(handler, "locations", query)
