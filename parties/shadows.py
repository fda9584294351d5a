"""Which of two rows a party sees: its own variant of an object, or the hub's copy that is told to all (decision 2).

The one it heard last, so that its list says what it was told: of two states the newer one (LOC-16); where one of them
was deleted, the later change, as nobody holds what is gone.
"""

from __future__ import annotations

from journal.rows import Columns

_IS_COPY_LAST = """CASE WHEN {copy}.deleted_at IS NULL AND {variant}.deleted_at IS NULL
            THEN {copy}.last_updated > {variant}.last_updated ELSE {copy}.changed_at > {variant}.changed_at END"""
_VARIANT = """SELECT 1 FROM {table} v
     WHERE v.owner = o.owner AND v.object_key = o.object_key AND v.audience = %s AND v.is_verified"""
# Variants are few: whether there is one at all is found for a whole page at once, and only then which was last.
_SEEN = """(o.audience = %s AND NOT EXISTS (
    SELECT 1 FROM {table} c
     WHERE c.owner = o.owner AND c.object_key = o.object_key AND c.audience = '' AND c.is_verified AND {is_c_last})
  OR o.audience = '' AND (NOT EXISTS ({variant}) OR EXISTS ({variant} AND {is_o_last})))"""
_HIDDEN = """SELECT count(*),
       coalesce(bit_xor(hashint8extended(CASE WHEN {is_copy_last} THEN v.id ELSE c.id END, 0)), 0)
  FROM {table} v JOIN {table} c USING (owner, object_key)
 WHERE v.owner = ANY(%s) AND v.audience = %s AND v.audience <> '' AND v.is_verified
   AND c.audience = '' AND c.is_verified
   AND CASE WHEN {is_copy_last} THEN v.deleted_at ELSE c.deleted_at END IS NULL"""


def seen(table: str) -> str:
    """The condition on a row `o` that a party sees it; the party is each of its three parameters."""
    return _SEEN.format(
        table=table,
        variant=_VARIANT.format(table=table),
        is_c_last=_IS_COPY_LAST.format(copy="c", variant="o"),
        is_o_last=_IS_COPY_LAST.format(copy="o", variant="v"),
    )


def hidden(table: str) -> str:
    """The query of how many rows of these owners a party does not see for another, and a number for which they are."""
    return _HIDDEN.format(table=table, is_copy_last=_IS_COPY_LAST.format(copy="c", variant="v"))


def get_last(variant: Columns | None, copy: Columns | None) -> Columns | None:
    """The same of rows at hand: the one heard last, be it that it was deleted."""
    if variant is None or copy is None:
        return copy if variant is None else variant
    is_alive = variant["deleted_at"] is None and copy["deleted_at"] is None
    by = "last_updated" if is_alive else "changed_at"
    return copy if copy[by] > variant[by] else variant


def get_seen(variant: Columns | None, copy: Columns | None) -> Columns | None:
    """The same, as far as they are alive."""
    alive = [row for row in (variant, copy) if row is not None and row["deleted_at"] is None]
    return max(alive, key=lambda row: row["last_updated"], default=None)  # of equals the first
