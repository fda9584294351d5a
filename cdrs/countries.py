"""Country and gross cost of CDRs stored before there were columns for them. Safe to run twice and beside traffic."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from django.db import connection, transaction
from psycopg2.extras import execute_values

from ocpi.countries import get_alpha2
from ocpi.decoding import read_number

BATCH = 5_000

CLAIM = """
SELECT id, document FROM cdrs_cdr WHERE country IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
FILL = """
UPDATE cdrs_cdr SET country = read.country, total_cost_incl = read.incl
  FROM (VALUES %s) AS read (id, country, incl) WHERE cdrs_cdr.id = read.id
"""


class _Location(msgspec.Struct):
    country: str = ""


class _Cost(msgspec.Struct):
    incl_vat: Decimal | None = None


class _Facts(msgspec.Struct):
    cdr_location: _Location = msgspec.field(default_factory=_Location)
    total_cost: _Cost = msgspec.field(default_factory=_Cost)


_decoder = msgspec.json.Decoder(_Facts, float_hook=read_number)


def fill_countries() -> int:
    """All that wait, in batches of a transaction each. How many there were."""
    done = 0
    while count := _fill_batch():
        done += count
    return done


def _fill_batch() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, [BATCH])
        facts = [(id, *read_facts(document)) for id, document in cursor.fetchall()]
        if facts:
            execute_values(cursor.cursor, FILL, facts, template="(%s, %s, %s::numeric)", page_size=BATCH)
        return len(facts)


def read_facts(document: str) -> tuple[str, Decimal | None]:
    """Country ("" where it cannot be read) and total cost incl. VAT."""
    try:
        facts = _decoder.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return "", None
    return get_alpha2(facts.cdr_location.country), facts.total_cost.incl_vat
