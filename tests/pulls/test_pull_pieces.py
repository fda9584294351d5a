"""A page is stored in pieces, two of them and the next page under way at once: what is seen of that from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils.timezone import now

from forwarding import pull, pull_pieces, pull_reading
from forwarding.pull_pieces import StoreFailed, commit
from journal.committer import Committer
from journal.models import PullRequest
from journal.rows import Job
from locations.models import Location
from tests.conftest import Cast
from tests.documents import as_json, changed, location_document
from tests.live.partner import LONG_AGO
from tests.pulls.lists import Lists
from tests.pulls.lists import pull as read_list


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two objects; and each next page has come before this one is stored."""
    monkeypatch.setattr("forwarding.pull_store.PIECE", 2)
    monkeypatch.setattr("forwarding.pull_pieces.PIECE", 2)
    has_come = pull_reading._has_come

    def wait(coming: Any) -> bool:
        if coming is not None:
            coming.exception()
        return has_come(coming)

    monkeypatch.setattr(pull_reading, "_has_come", wait)


def make_page(*numbers: int) -> list[Any]:
    return [location_document(id=f"LOC{number}") for number in numbers]


@pytest.mark.usefixtures("small")
class TestPieces:
    def test_all_of_all_pages_are_stored_and_counted(self, cast: Cast):
        pages: list[Sequence[Any]] = [make_page(*range(5)), make_page(5), make_page(*range(6, 11))]
        Lists(cast.cpo, pages={"locations": pages}, totals={"locations": 11})

        done = read_list(cast.cpo)

        assert (done.state, done.pages, done.objects_read, done.stored) == ("DONE", 3, 11, 11)
        assert Location.objects.filter(deleted_at=None).count() == 11

    def test_of_one_object_told_twice_the_later_is_kept(self, cast: Cast):
        names = [f"Name {number}" for number in range(8)]
        told = [changed(location_document(), name=name) for name in names]
        Lists(cast.cpo, pages={"locations": [told[:5], told[5:]]})

        done = read_list(cast.cpo)

        assert (done.state, done.stored) == ("DONE", 8)
        assert Location.objects.get().document == as_json(told[-1]).decode()

    def test_a_page_that_could_not_be_stored_is_not_counted_as_read(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        """Of what was under way beside it, nothing is lost."""
        pages: list[Sequence[Any]] = [make_page(1, 2), make_page(3, 4, 5), make_page(6)]
        Lists(cast.cpo, pages={"locations": pages})

        def fail_at_loc3(committer: Committer, jobs: Sequence[Job]) -> Any:
            if any(change.key[1] == "loc3" for job in jobs for change in job.changes):
                raise StoreFailed("the database is too busy")
            return commit(committer, jobs)

        with monkeypatch.context() as patched:
            patched.setattr(pull_pieces, "commit", fail_at_loc3)
            failed = read_list(cast.cpo, is_full=True)

        assert (failed.state, failed.pages, failed.stored) == ("WAITING", 1, 2)
        assert failed.last_error == "page 2: the database is too busy"
        PullRequest.objects.update(due_at=LONG_AGO)
        done = pull.pull_next(clock=now)
        assert done
        assert (done.state, done.pages, done.objects_read, done.removed) == ("DONE", 3, 6, 0)
        assert Location.objects.filter(deleted_at=None).count() == 6

    def test_a_page_is_counted_though_the_next_one_breaks_off(self, cast: Cast):
        lists = Lists(cast.cpo, pages={"locations": [make_page(1, 2, 3), make_page(4)]})
        lists.answers["locations", "1"] = lambda handler, _: handler.answer(b"no", status=500)

        failed = read_list(cast.cpo)

        assert (failed.state, failed.pages, failed.stored) == ("WAITING", 1, 3)
        assert failed.page_url
