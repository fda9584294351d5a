"""A receiver's list of CDRs read from CSV: every line is judged, and the first errors are named by line. Pure.

Columns, in any order: owner (the CPO, as NL*CPO) and id; total_cost (excl. VAT), currency and total_energy (kWh) may be
left out or empty. Amounts are read as decimals from the text, with a point.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from ocpi.calls import PartyId
from reconciliation.receiver_list import Listed

REQUIRED = ("owner", "id")
OPTIONAL = ("total_cost", "currency", "total_energy")
MOST = 1_000_000  # lines
SHOWN = 20  # errors

_AMOUNT = re.compile(r"-?\d{1,14}(\.\d{1,6})?")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class ListRefused(ValueError):
    """Nothing was compared; `by_line` has what is wrong (the heading is line 1)."""

    def __init__(self, by_line: Mapping[int, str]) -> None:
        super().__init__("; ".join(f"line {line}: {text}" for line, text in by_line.items()))
        self.by_line = dict(by_line)


def parse(text: str) -> list[Listed]:
    """
    Raises:
        ListRefused: with the errors of the first lines that have one.
    """
    errors: dict[int, str] = {}
    found: dict[tuple[str, str], Listed] = {}
    for number, row in _read_rows(text, errors):
        try:
            listed = _read(row)
        except ValueError as e:
            errors[number] = str(e)
        else:
            key = (listed.owner, listed.cdr_id.lower())
            if key in found:
                errors[number] = f"id: {listed.cdr_id!r} is listed twice"
            found[key] = listed
        if len(errors) == SHOWN:
            break
    if errors:
        raise ListRefused(errors)
    return list(found.values())


def _read_rows(text: str, errors: dict[int, str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True, restval="", restkey="")
    try:
        names = [name.strip() for name in reader.fieldnames or []]
    except csv.Error as e:
        errors[1] = str(e)
        return
    reader.fieldnames = names
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        errors[1] = f"the columns are {', '.join((*REQUIRED, *OPTIONAL))}; the heading lacks {missing or 'none'}"
        errors[1] += f" and has {unknown} beside them" if unknown else ""
        return
    try:
        for row in reader:
            if reader.line_num > MOST + 1:
                raise csv.Error(f"more than {MOST} CDRs: compare them in several lists")
            yield reader.line_num, row
    except csv.Error as e:
        errors[reader.line_num] = str(e)


def _read(row: Mapping[str, str]) -> Listed:
    if row.get(""):
        raise ValueError("there are more cells than columns; amounts have a point, no comma")
    cdr_id = row["id"].strip()
    if not cdr_id or len(cdr_id) > 39 or "\x00" in cdr_id:
        raise ValueError("id: is missing or longer than 39 characters")
    total_cost, currency = _read_amount(row, "total_cost"), row.get("currency", "").strip()
    if currency and not _CURRENCY.fullmatch(currency):
        raise ValueError(f"currency: {currency[:20]!r} is no code of three letters")
    if (total_cost is None) != (not currency):
        raise ValueError("total_cost and currency go together: give both or neither")
    return Listed(
        owner=PartyId.of_text(row["owner"]).key,
        cdr_id=cdr_id,
        total_cost=total_cost,
        currency=currency or None,
        total_energy=_read_amount(row, "total_energy"),
    )


def _read_amount(row: Mapping[str, str], name: str) -> Decimal | None:
    text = row.get(name, "").strip()
    if text and not _AMOUNT.fullmatch(text):
        raise ValueError(f"{name}: {text[:20]!r} is no number with a point and up to 6 decimals")
    return Decimal(text) if text else None
