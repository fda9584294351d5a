"""Is a credit CDR the mirror of the CDR it takes back (CDR-06, CDR-07)? Pure: two documents in, problems out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tariffs.pricing.values import Unreadable, read_moment, read_number

Read = Callable[[Any], Any]


def _read_text(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value  # ids compare without case (TRANS-40)


# What a credit copies; the parts of the total may be negated or not, both are found in the field.
COPIED: Final[Mapping[str, Read]] = {
    "country_code": _read_text,
    "party_id": _read_text,
    "session_id": _read_text,
    "currency": _read_text,
    "start_date_time": read_moment,
    "end_date_time": read_moment,
    "total_energy": lambda value: abs(read_number(value)),
}
TOKEN: Final = ("country_code", "party_id", "uid", "contract_id")


def check_credit(original: Mapping[str, Any], credit: Mapping[str, Any]) -> list[str]:
    """What is wrong with it, in words; nothing if it is right."""
    return [*_check_reference(original, credit), *_check_copies(original, credit), *_check_total(original, credit)]


def _check_reference(original: Mapping[str, Any], credit: Mapping[str, Any]) -> Iterator[str]:
    if credit.get("credit") is not True:
        yield "credit is not true"
    if _read_text(credit.get("credit_reference_id")) != _read_text(original.get("id")):
        yield f"credit_reference_id is {credit.get('credit_reference_id')!r}, not {original.get('id')!r}"
    if _read_text(credit.get("id")) == _read_text(original.get("id")):
        yield "id is the same as that of the CDR it credits"


def _check_copies(original: Mapping[str, Any], credit: Mapping[str, Any]) -> Iterator[str]:
    for name, read in COPIED.items():
        if _read(original, name, read) != _read(credit, name, read):
            yield f"{name} is {credit.get(name)!s}, in the CDR it credits {original.get(name)!s}"
    for name in TOKEN:
        if _read(_part(original, "cdr_token"), name, _read_text) != _read(_part(credit, "cdr_token"), name, _read_text):
            yield f"cdr_token.{name} is another"


def _check_total(original: Mapping[str, Any], credit: Mapping[str, Any]) -> Iterator[str]:
    ours, theirs = _part(original, "total_cost"), _part(credit, "total_cost")
    for name in ("excl_vat", "incl_vat"):
        try:
            told = [read_number(total[name]) for total in (ours, theirs) if total.get(name) is not None]
        except Unreadable:
            yield f"total_cost.{name} cannot be read"
            continue
        if len(told) == 1 or (len(told) == 2 and told[0] != -told[1]):
            yield f"total_cost.{name} is {theirs.get(name)}, and must be the negative of {ours.get(name)}"


def _read(document: Mapping[str, Any], name: str, read: Read) -> Any:
    try:
        return None if document.get(name) is None else read(document[name])
    except Unreadable:
        return document[name]


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}
