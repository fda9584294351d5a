"""The languages of invoices: which a country speaks, and how each writes dates and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

DEFAULT: Final = "en"
LANGUAGES: Final = ("en", "de", "fr", "it", "nl")

# The recipient's country decides. Where several are spoken: the one of most inhabitants.
_OF_COUNTRY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("DE", "AT", "CH", "LI"), "de"),
    **dict.fromkeys(("FR", "LU", "MC"), "fr"),
    **dict.fromkeys(("IT", "SM", "VA"), "it"),
    **dict.fromkeys(("NL", "BE"), "nl"),
}


@dataclass(frozen=True, slots=True)
class _Style:
    thousands: str
    point: str
    day: str  # strftime; %b never, as that is the locale's


_STYLES: Final[Mapping[str, _Style]] = {
    "en": _Style(",", ".", "%d {month} %Y"),
    "de": _Style(".", ",", "%d.%m.%Y"),
    "fr": _Style("\u202f", ",", "%d/%m/%Y"),
    "it": _Style(".", ",", "%d/%m/%Y"),
    "nl": _Style(".", ",", "%d-%m-%Y"),
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def get_language(country: str) -> str:
    return _OF_COUNTRY.get(country.upper(), DEFAULT)


def write_date(day: date, *, language: str) -> str:
    style = _STYLES.get(language, _STYLES[DEFAULT])
    return day.strftime(style.day).format(month=_MONTHS[day.month - 1])


def write_number(number: Decimal, *, language: str, places: int | None = None) -> str:
    """With so many places; without `places` as many as it has, and no zeros at the end."""
    style = _STYLES.get(language, _STYLES[DEFAULT])
    text = f"{number:,.{places}f}" if places is not None else f"{number:,f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction if places is not None else fraction.rstrip("0")
    sign, digits = ("\u2212", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{digits.replace(',', style.thousands)}{style.point}{fraction}".rstrip(style.point)
