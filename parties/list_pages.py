"""A page of a list, quickly (measured in docs/benchmarks.md), and never another caller's page or one that was.

Three things made it slow: counting (now `list_counts`), skipping to an offset, putting the same page together again.

* Where each thousand of a list begins is remembered as long as nothing came into the list or left it.
* A page that is asked for again is kept under the versions of its rows: id, xmin and changed_at. Which rows these are
  is asked of the database, under the caller's own WHERE and in the snapshot of its count; only the documents are not
  read and joined again. So whatever changes a row, or who may see it, leads to another page.
* Not even that is asked while nobody has written to the table. Each statement that writes to it draws a number first,
  when it has locked the table for writing (migration 0008). An answer is kept under the last number drawn, read before
  its snapshot was taken, and only if nobody held such a lock in between: whoever had drawn one had then come to his
  end, and is seen. The rest of its key is the whole question: the WHERE, whose objects, who asks, which page. An
  agreement that ends makes it another question.

A page is kept when it was asked for with the same rows before. What is asked for once would only drive out the others',
and pages whose rows change between two questions made a heap that grew, freed at ever other places.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from journal.reader import Reads
from ocpi.pages import PageQuery
from parties.kept import Kept
from parties.list_counts import Count, count

STEP = 1000
KEPT = Kept()  # of this process
# A standby replays these numbers by dozens, so there they say nothing; the start of the server tells a restored one.
_TOUCHED = "SELECT last_value, pg_postmaster_start_time() FROM {}_touched WHERE NOT pg_is_in_recovery()"
_IS_QUIET = """SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE relation = %s::regclass
   AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))"""
_VERSIONS = """SELECT count(*), (array_agg(id ORDER BY id))[least(%s, count(*))],
       sum(hash_record_extended((id, version, changed_at), 0)) FROM ({}) p"""
_STARTS = """SELECT id FROM (SELECT o.id, row_number() OVER (ORDER BY o.id) AS n FROM {} o WHERE {}) r
 WHERE n %% {} = 0 ORDER BY id"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`where` and `parameters`: what the caller may see and wants. `owners`: where the notes tell how many that is."""

    table: str
    where: str
    parameters: tuple[Any, ...]
    page: PageQuery
    caller: str
    owners: Sequence[str] | None
    is_noted: bool  # the table has the triggers
    dress: Callable[[bytes], bytes] | None = None

    @property
    def list_key(self) -> Hashable:
        """Of all its pages."""
        return (self.table, self.where, *(tuple(part) if isinstance(part, list) else part for part in self.parameters))

    @property
    def key(self) -> Hashable:
        return self.list_key, self.page.limit, self.page.after, self.page.offset


class Page(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes  # a JSON list
    total: int
    last_id: int | None = None
    has_more: bool = False
    is_kept: bool = False


def read(asked: Asked, reads: Reads, kept: Kept) -> Page:
    if asked.dress is not None or not kept.was_asked(asked.key):
        with reads.in_snapshot():
            return _read(asked, reads, kept, again=False)
    touched = tuple(reads.fetch(_TOUCHED.format(asked.table))) if asked.is_noted else ()
    answer = asked.key, touched
    found: Page | None = kept.get(answer) if touched else None
    if found is not None:
        return found
    is_quiet = bool(touched) and reads.fetch(_IS_QUIET, (asked.table,))[0][0]
    with reads.in_snapshot():
        page = _read(asked, reads, kept, again=True)
    if is_quiet and page.is_kept:
        kept.put(answer, page, size=len(page.data), answers=asked.key)
    return page


def _read(asked: Asked, reads: Reads, kept: Kept, *, again: bool) -> Page:
    counted = None
    if asked.owners is not None:
        counted = count(asked.table, owners=asked.owners, caller=asked.caller, reads=reads)
    total = counted.total if counted else _count_rows(asked, reads)
    if asked.page.after is None and asked.page.offset >= total:
        return Page(data=b"[]", total=total)
    after, skip = _find_start(asked, counted, reads, kept)
    return (_read_kept if again else _read_rows)(asked, after, skip, total, reads, kept)


def _count_rows(asked: Asked, reads: Reads) -> int:
    return int(reads.fetch(f"SELECT count(*) FROM {asked.table} o WHERE {asked.where}", asked.parameters)[0][0])


def _find_start(asked: Asked, counted: Count | None, reads: Reads, kept: Kept) -> tuple[int, int]:
    """The id behind which the page begins, and how many to skip there."""
    page = asked.page
    if page.after is not None:
        return page.after, 0
    if counted is None or page.offset < STEP:
        return 0, page.offset
    thousands, rest = divmod(page.offset, STEP)
    starts = _get_starts(asked, counted, reads, kept)
    return (starts[thousands - 1], rest) if thousands <= len(starts) else (0, page.offset)


def _get_starts(asked: Asked, counted: Count, reads: Reads, kept: Kept) -> array[int]:
    """The id of each thousandth object."""
    key = ("starts", asked.list_key, counted)
    found: array[int] | None = kept.get(key)
    if found is None:
        rows = reads.fetch(_STARTS.format(asked.table, asked.where, STEP), asked.parameters)
        found = array("q", [row[0] for row in rows])
        kept.put(key, found, size=len(found) * found.itemsize, answers=key[:2])
    return found


def _read_kept(asked: Asked, after: int, skip: int, total: int, reads: Reads, kept: Kept) -> Page:
    """The rows tell which page it is."""
    limit = asked.page.limit
    of, parameters = _page_of(asked, "o.id, o.xmin AS version, o.changed_at", after, skip)
    ((found, last_id, versions),) = reads.fetch(_VERSIONS.format(of), (limit, *parameters))
    key = ("page", asked.table, limit, found, last_id, versions)
    data: bytes | None = kept.get(key)
    if data is not None:
        return Page(data=data, total=total, last_id=last_id, has_more=found > limit, is_kept=True)
    page = _read_rows(asked, after, skip, total, reads, kept)
    if not kept.was_asked(key):
        return page
    kept.put(key, page.data, size=len(page.data), answers=("page", asked.key))
    return replace(page, is_kept=True)


def _read_rows(asked: Asked, after: int, skip: int, total: int, reads: Reads, kept: Kept) -> Page:
    of, parameters = _page_of(asked, "o.id, o.document", after, skip)
    rows = reads.fetch(of, parameters, as_bytes=True)
    has_more = len(rows) > asked.page.limit
    del rows[asked.page.limit :]
    documents: list[bytes] = [document for _, document in rows]
    if asked.dress is not None:
        documents = [asked.dress(document) for document in documents]
    return Page(data=_join(documents), total=total, last_id=rows[-1][0] if rows else None, has_more=has_more)


def _page_of(asked: Asked, columns: str, after: int, skip: int) -> tuple[str, tuple[Any, ...]]:
    """One row more tells of a next page."""
    sql = f"SELECT {columns} FROM {asked.table} o WHERE {asked.where} AND o.id > %s ORDER BY o.id LIMIT %s OFFSET %s"
    return sql, (*asked.parameters, after, asked.page.limit + 1, skip)


def _join(documents: list[bytes]) -> bytes:
    """The brackets go to the documents at the ends: a megabyte copied once more is a millisecond."""
    if not documents:
        return b"[]"
    documents[0] = b"[" + documents[0]
    documents[-1] += b"]"
    return b",".join(documents)
