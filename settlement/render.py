"""A statement as CSV and as JSON, to the byte the same each time: fixed order, stored amounts, nothing of the moment.

What is written here is what a closed statement's sha256 was taken of: change neither order nor form of what there is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection, transaction

from parties.display import guard_cell
from settlement.models import Statement
from settlement.statement import Kind
from tariffs.pricing.policy import get_digits

_MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""
_encode = msgspec.json.Encoder(decimal_format="number").encode
Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` gives text. Numbers go into JSON as they are written."""

    name: str
    sql: str
    is_number: bool = False


CDR_COLUMNS = (
    Column("position", "line.position::text", True),
    Column("kind", "line.kind"),
    Column("corrects", "corrected.reference"),
    Column("cdr_id", "line.cdr_id_text"),
    Column("session_id", "coalesce(nullif(line.session_id_text, ''), line.session_key)"),
    Column("credit", "line.is_credit::text", True),
    Column("start", f"to_char(line.start_at AT TIME ZONE 'UTC', {_MOMENT})"),
    Column("end", f"to_char(line.end_at AT TIME ZONE 'UTC', {_MOMENT})"),
    Column("kwh", "trim_scale(line.energy)::text", True),
    Column("stated_excl_vat", "trim_scale(line.stated_net)::text", True),
    Column("stated_incl_vat", "trim_scale(line.stated_gross)::text", True),
    Column("net", "round(line.net, %(digits)s)::text", True),
    Column("vat", "round(line.vat, %(digits)s)::text", True),
    Column("gross", "round(line.gross, %(digits)s)::text", True),
    Column("vat_category", "line.vat_category"),
    Column("vat_rate", "trim_scale(line.vat_rate)::text", True),
)
FEE_COLUMNS = (
    Column("position", "line.position::text", True),
    Column("provider", "line.provider"),
    Column("consumer", "line.consumer"),
    Column("first_day", "line.first_day::text"),
    Column("last_day", "line.last_day::text"),
    Column("rule", "line.rule"),
    Column("quantity", "trim_scale(line.quantity)::text", True),
    Column("unit", "line.unit"),
    Column("unit_price", "trim_scale(line.unit_price)::text", True),
    Column("base_currency", "line.base_currency"),
    Column("exchange_rate", "trim_scale(line.exchange_rate)::text", True),
    Column("exchange_rate_date", "line.exchange_rate_on::text"),
    Column("net", "round(line.net, %(digits)s)::text", True),
    Column("vat", "round(line.vat, %(digits)s)::text", True),
    Column("gross", "round(line.gross, %(digits)s)::text", True),
)
COLUMNS = {Kind.CDR: CDR_COLUMNS, Kind.FEE: FEE_COLUMNS}
_FROM = {
    Kind.CDR: "settlement_line line LEFT JOIN settlement_statement corrected ON corrected.id = line.corrects_id",
    Kind.FEE: "settlement_feeline line",
}


def write_csv(statement: Statement) -> Iterator[bytes]:
    """A heading, then one line per line."""
    return (text for text, _ in write_both(statement))


def write_json(statement: Statement) -> Iterator[bytes]:
    """One object: the statement's own fields, then "lines"."""
    return (text for _, text in write_both(statement))


def write_both(statement: Statement) -> Iterator[tuple[bytes, bytes]]:
    """CSV and JSON side by side, in one reading of the lines."""
    columns = COLUMNS[Kind(statement.kind)]
    yield _csv_row([column.name for column in columns]), _json_head(statement)
    for number, row in enumerate(read_rows(statement)):
        cells = _guard(columns, row) if statement.form >= Statement.Form.GUARDED else row
        yield _csv_row(cells), _json_row(columns, row, is_first=not number)
    yield b"", b"\n]}\n"


def read_rows(statement: Statement) -> Iterator[Row]:
    """The lines in order, as text, a few thousand at a time."""
    kind = Kind(statement.kind)
    select = ", ".join(column.sql for column in COLUMNS[kind])
    sql = f"SELECT {select} FROM {_FROM[kind]} WHERE line.statement_id = %(id)s ORDER BY line.position"
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, {"id": statement.pk, "digits": get_digits(statement.currency)})
        yield from cursor


class _Echo:
    """Gives back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


_csv = csv.writer(_Echo(), lineterminator="\n")


def _guard(columns: tuple[Column, ...], row: Row) -> Row:
    """Ids are partners' text; amounts are the hub's own, and may begin with a minus."""
    return tuple(
        text if column.is_number or text is None else guard_cell(text)
        for column, text in zip(columns, row, strict=True)
    )


def _csv_row(values: Iterable[str | None]) -> bytes:
    return str(_csv.writerow(values)).encode()


def _json_row(columns: tuple[Column, ...], row: Row, *, is_first: bool) -> bytes:
    fields = {
        column.name: msgspec.Raw(text.encode()) if column.is_number and text is not None else text
        for column, text in zip(columns, row, strict=True)
    }
    return (b"\n" if is_first else b",\n") + _encode(fields)


def _json_head(statement: Statement) -> bytes:
    return _encode(_describe(statement)).removesuffix(b"}") + b',"lines":['


def _describe(statement: Statement) -> dict[str, Any]:
    digits = get_digits(statement.currency)
    return {
        "reference": statement.reference,
        "kind": statement.kind,
        "seller": str(statement.seller_party),
        "buyer": str(statement.buyer_party),
        "country": statement.country,
        "currency": statement.currency,
        "period_start": _moment(statement.period_start),
        "period_end": _moment(statement.period_end),
        "first_day": statement.first_day,
        "last_day": statement.last_day,
        "time_zone": statement.time_zone,
        "issued_on": statement.issued_on,
        "due_on": statement.due_on,
        "line_count": statement.line_count,
        "session_count": statement.session_count,
        "correction_count": statement.correction_count,
        "kwh": _plain(statement.energy),
        "net": _fixed(statement.net, digits),
        "vat": _fixed(statement.vat, digits),
        "gross": _fixed(statement.gross, digits),
        "stated_vat": _fixed(statement.stated_vat, digits),
        "vat_treatment": statement.vat_treatment,
        "vat_note": statement.vat_note,
        "vat_totals": [dict(sorted(total.items())) for total in statement.vat_totals],
        "settlement_currency": statement.settlement_currency,
        "settlement_rate": _plain(statement.settlement_rate),
        "settlement_rate_date": statement.settlement_rate_on,
        "settlement_gross": _fixed(statement.settlement_gross, get_digits(statement.settlement_currency)),
        "seller_company": dict(sorted(statement.seller_company.items())),
        "buyer_company": dict(sorted(statement.buyer_company.items())),
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _plain(number: Decimal | None) -> msgspec.Raw | None:
    return None if number is None else msgspec.Raw(f"{number.normalize():f}".encode())


def _fixed(amount: Decimal | None, digits: int) -> msgspec.Raw | None:
    return None if amount is None else msgspec.Raw(f"{amount:.{digits}f}".encode())
