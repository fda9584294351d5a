"""How many objects a caller's list has, without counting them (TRANS-20): triggers note what comes into a list and what
leaves it (`ListChange`), and the sum of the notes is true in the snapshot it is read in.

Counting 300,000 rows at each page took most of its time. Variants are counted, as a shadow hides a copy only together.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.db import connection

from journal.reader import Reads
from parties.shadows import hidden

_SUMS = """SELECT coalesce(sum(changes), 0)::bigint, coalesce(sum(shown), 0)::bigint,
       coalesce(bool_or(audience <> ''), false)
  FROM parties_listchange WHERE shelf = %s AND owner = ANY(%s) AND audience IN ('', %s)"""
_FOLD = """WITH gone AS (
    DELETE FROM parties_listchange WHERE id IN (
        SELECT id FROM parties_listchange WHERE (shelf, owner, audience) IN (
            SELECT shelf, owner, audience FROM parties_listchange GROUP BY shelf, owner, audience HAVING count(*) > 1)
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING shelf, owner, audience, changes, shown)
INSERT INTO parties_listchange (shelf, owner, audience, changes, shown)
SELECT shelf, owner, audience, sum(changes), sum(shown) FROM gone GROUP BY shelf, owner, audience"""
PIECE = 50_000


class Count(msgspec.Struct, frozen=True):
    total: int
    state: tuple[int, int]  # differs as soon as anything came into this list or left it


def count(table: str, *, owners: Sequence[str], caller: str, reads: Reads) -> Count:
    """Of what these owners have in the lists of `table`, as the caller sees it."""
    ((state, shown, has_variants),) = reads.fetch(_SUMS, (table, owners, caller))
    which = 0
    if has_variants:
        ((unseen, which),) = reads.fetch(hidden(table), (owners, caller))
        shown -= unseen
    return Count(total=shown, state=(state, which))


def fold(*, piece: int = PIECE) -> int:
    """Many notes about one owner become one; no sum changes. How many there are now."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [piece])
        return int(cursor.rowcount)
