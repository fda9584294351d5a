"""What stands on invoices and in their e-mails: a file for each language, the same keys in all, in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from invoicing.languages import DEFAULT
from invoicing.words import de, en, fr, it, nl

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": en.WORDS,
    "de": de.WORDS,
    "fr": fr.WORDS,
    "it": it.WORDS,
    "nl": nl.WORDS,
}
UNITS: Final[Mapping[str, str]] = {"KWH": "kWh", "HUR": "h", "MIN": "min", "C62": "×"}


def say(key: str, *, language: str, **values: str) -> str:
    """
    Raises:
        KeyError: there is no such word.
    """
    return WORDS.get(language, WORDS[DEFAULT])[key].format(**values)
