"""A page of a list, quickly (measured in docs/benchmarks.md), and never another caller's page or one that was.

Three things made it slow: counting (now `list_counts`), skipping to an offset, putting the same page together again.

* Where each thousand of a list begins is remembered as long as nothing came into the list or left it.
* A page that is asked for again is kept under the versions of its rows: id, xmin and changed_at. Which rows these are
  is asked of the database at every call, under the caller's own WHERE and in the snapshot of its count; only the
  documents are not read and joined again. So whatever changes a row, or who may see it, leads to another page, and no
  event, clock or agreement has to be listened to.

A page asked for once is not kept: a partner that reads everything would only drive out the others'.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from journal.reader import Fetch
from ocpi.pages import PageQuery
from parties.kept import Kept
from parties.list_counts import Count, count

STEP = 1000
KEPT = Kept()  # of this process

Dress = Callable[[bytes], bytes]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`where` and `parameters`: what the caller may see and wants. `owners`: where the notes tell how many that is."""

    table: str
    where: str
    parameters: tuple[Any, ...]
    page: PageQuery
    caller: str
    owners: Sequence[str] | None
    dress: Dress | None = None

    @property
    def key(self) -> Hashable:
        parts = (tuple(part) if isinstance(part, list) else part for part in self.parameters)
        return (self.table, self.where, *parts)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes  # a JSON list
    total: int
    last_id: int | None
    has_more: bool


def read(asked: Asked, fetch: Fetch, kept: Kept) -> Page:
    """All in one snapshot of the database."""
    counted = None
    if asked.owners is not None:
        counted = count(asked.table, owners=asked.owners, caller=asked.caller, fetch=fetch)
    total = counted.total if counted else _count_rows(asked, fetch)
    after, skip = _find_start(asked, counted, fetch, kept)
    if counted and asked.page.after is None and asked.page.offset >= total:
        return Page(data=b"[]", total=total, last_id=None, has_more=False)
    if asked.dress is None and kept.was_asked((asked.key, asked.page.limit, after, skip)):
        return _read_kept(asked, after, skip, total, fetch, kept)
    return _read_rows(asked, after, skip, total, fetch)


def _count_rows(asked: Asked, fetch: Fetch) -> int:
    rows = fetch(f"SELECT count(*) FROM {asked.table} o WHERE {asked.where}", asked.parameters)
    return int(rows[0][0])


def _find_start(asked: Asked, counted: Count | None, fetch: Fetch, kept: Kept) -> tuple[int, int]:
    """The id behind which the page begins, and how many to skip there."""
    page = asked.page
    if page.after is not None:
        return page.after, 0
    if counted is None or page.offset < STEP:
        return 0, page.offset
    thousands, rest = divmod(min(page.offset, counted.total), STEP)
    starts = _get_starts(asked, counted, fetch, kept)
    return (starts[min(thousands, len(starts)) - 1] if starts else 0), rest


def _get_starts(asked: Asked, counted: Count, fetch: Fetch, kept: Kept) -> array[int]:
    """The id of each thousandth object."""
    key = ("starts", asked.key, counted)
    found: array[int] | None = kept.get(key)
    if found is None:
        rows = fetch(
            "SELECT id FROM (SELECT o.id, row_number() OVER (ORDER BY o.id) AS n"
            f" FROM {asked.table} o WHERE {asked.where}) r WHERE n %% {STEP} = 0 ORDER BY id",
            asked.parameters,
        )
        found = array("q", [row[0] for row in rows])
        kept.put(key, found, size=len(found) * 8 + 1000)
    return found


def _read_kept(asked: Asked, after: int, skip: int, total: int, fetch: Fetch, kept: Kept) -> Page:
    """The rows tell which page it is."""
    limit = asked.page.limit
    of, parameters = _page_of(asked, "o.id, o.xmin AS version, o.changed_at", after, skip)
    ((found, last_id, versions),) = fetch(
        "SELECT count(*), (array_agg(id ORDER BY id))[least(%s, count(*))],"
        f" sum(hash_record_extended((id, version, changed_at), 0)) FROM ({of}) p",
        (limit, *parameters),
    )
    key = ("page", asked.table, limit, found, last_id, versions)
    data: bytes | None = kept.get(key)
    if data is None:
        page = _read_rows(asked, after, skip, total, fetch)
        kept.put(key, page.data, size=len(page.data))
        return page
    return Page(data=data, total=total, last_id=last_id, has_more=found > limit)


def _read_rows(asked: Asked, after: int, skip: int, total: int, fetch: Fetch) -> Page:
    of, parameters = _page_of(asked, "o.id, o.document", after, skip)
    rows = fetch(of, parameters, as_bytes=True)
    has_more = len(rows) > asked.page.limit
    last_id = rows[: asked.page.limit][-1][0] if rows else None
    documents: list[bytes] = [document for _, document in rows[: asked.page.limit]]
    if asked.dress is not None:
        documents = [asked.dress(document) for document in documents]
    return Page(data=_join(documents), total=total, last_id=last_id, has_more=has_more)


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
