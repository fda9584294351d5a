"""Many agreements from CSV: every line is read and judged first, then all are entered or none.

Columns, in any order: provider, consumer, modules (separated by blanks), valid_from; commands (all where empty),
valid_until, delivery, cdr_control (JSON) and note may be left out or empty. Times are ISO 8601; a day alone is its
first moment, without a zone it is UTC.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from agreements.models import Agreement, AlreadyAgreed, UnableToConclude
from ocpi.calls import Delivery, PartyId

REQUIRED = ("provider", "consumer", "modules", "valid_from")
OPTIONAL = ("commands", "valid_until", "delivery", "cdr_control", "note")
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    number: int
    provider: PartyId
    consumer: PartyId
    modules: tuple[str, ...]
    commands: tuple[str, ...] | None
    valid_from: datetime
    valid_until: datetime | None
    delivery: str
    cdr_control: Mapping[str, Any]
    note: str


class ImportRefused(ValueError):
    """Nothing was entered; `by_line` has what is wrong, by line of the file (the heading is line 1)."""

    def __init__(self, by_line: Mapping[int, list[str]]) -> None:
        super().__init__("; ".join(f"line {line}: {text}" for line, texts in by_line.items() for text in texts))
        self.by_line = dict(by_line)


def parse(text: str) -> list[Line]:
    """
    Raises:
        ImportRefused: with every line's errors, not the first only.
    """
    by_line: dict[int, list[str]] = {}
    lines: list[Line] = []
    for number, row in _read_rows(text, by_line=by_line):
        errors: list[str] = []
        line = _read_line(row, number=number, errors=errors)
        if errors:
            by_line[number] = errors
        elif line is not None:
            lines.append(line)
    if not by_line and not lines:
        by_line[1] = ["there is no agreement in the file"]
    if by_line:
        raise ImportRefused(by_line)
    return lines


def import_agreements(text: str, *, now: datetime) -> list[Agreement]:
    """
    Raises:
        ImportRefused: nothing was entered.
    """
    lines = parse(text)
    by_line: dict[int, list[str]] = {}
    entered: dict[Agreement, int] = {}  # with its line
    with transaction.atomic():
        for line in lines:
            try:
                entered[_enter(line, now=now)] = line.number
            except AlreadyAgreed as error:
                above = entered.get(error.known)
                by_line[line.number] = [f"line {above} says the same already" if above else str(error)]
            except UnableToConclude as error:
                by_line[line.number] = [str(error)]
        if by_line:
            raise ImportRefused(by_line)
    return list(entered)


def _read_rows(text: str, *, by_line: dict[int, list[str]]) -> Iterator[tuple[int, Row]]:
    """Each row with the line it starts on; reading ends where the text is no CSV."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    number = 1
    try:
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        _check_heading(list(reader.fieldnames))
        number = reader.line_num + 1
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        by_line[number] = [f"not CSV: {error}"]


def _enter(line: Line, *, now: datetime) -> Agreement:
    return Agreement.conclude(
        provider=line.provider,
        consumer=line.consumer,
        modules=line.modules,
        commands=line.commands,
        valid_from=line.valid_from,
        valid_until=line.valid_until,
        delivery=line.delivery,
        cdr_control=line.cdr_control,
        note=line.note,
        now=now,
    )


def _check_heading(names: list[str]) -> None:
    errors = [f"the column {name} is missing" for name in REQUIRED if name not in names]
    errors += [f"unknown column {name!r}" for name in names if name not in REQUIRED + OPTIONAL]
    errors += [f"the column {name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if errors:
        raise ImportRefused({1: errors})


def _read_line(row: Row, *, number: int, errors: list[str]) -> Line | None:
    if None in row:
        errors.append("more values than columns")
        return None
    cells = {str(name): str(value or "").strip() for name, value in row.items()}
    provider = _read_party(cells, "provider", errors=errors)
    consumer = _read_party(cells, "consumer", errors=errors)
    valid_from = _read_time(cells, "valid_from", errors=errors)
    valid_until = _read_time(cells, "valid_until", errors=errors) if cells.get("valid_until") else None
    cdr_control = _read_json(cells, "cdr_control", errors=errors)
    if len(cells.get("note", "")) > 255:
        errors.append("note: longer than 255 characters")
    if "\x00" in cells.get("note", ""):
        errors.append("note: has a NUL in it")
    if errors or provider is None or consumer is None or valid_from is None:
        return None
    return Line(
        number=number,
        provider=provider,
        consumer=consumer,
        modules=_read_names(cells["modules"]),
        commands=_read_names(cells.get("commands", "")) or None,
        valid_from=valid_from,
        valid_until=valid_until,
        delivery=cells.get("delivery") or Delivery.RELAY,
        cdr_control=cdr_control,
        note=cells.get("note", ""),
    )


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(";", " ").replace("|", " ").split())


def _read_party(cells: Mapping[str, str], name: str, *, errors: list[str]) -> PartyId | None:
    try:
        return PartyId.of_text(cells[name])
    except ValueError as error:
        errors.append(f"{name}: {error}")
        return None


def _read_json(cells: Mapping[str, str], name: str, *, errors: list[str]) -> Any:
    try:
        return json.loads(cells.get(name) or "{}", parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # also of numbers and depths beyond all bounds
        errors.append(f"{name}: not JSON: {error}")
        return {}


def _read_time(cells: Mapping[str, str], name: str, *, errors: list[str]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(cells[name])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        errors.append(f"{name}: {cells[name]!r} is not a time like 2026-01-31 or 2026-01-31T12:00:00Z")
        return None
