"""Words as people in the trade write them: "CDR id", not "Cdr id"; "1 lane", "2 lanes". For display only."""

from __future__ import annotations

import re
from typing import Final

_SPELLINGS: Final = (
    "API BIC CDR CDRs CSV eMSP EVSE HTTP HTTPS IBAN IP JSON kWh OCPI PDF RFID SHA-256 SOC TLS UID URL UTC VAT XML"
)
_WRITTEN: Final = {word.lower().replace("-", ""): word for word in _SPELLINGS.split()}
_WORD: Final = re.compile(r"\w+")


def write_words(text: str) -> str:
    return _WORD.sub(lambda found: _WRITTEN.get(found[0], found[0]), text)


def say_value(stored: str) -> str:
    """A word as it is stored, "session_without_cdr", as people say it: "session without CDR"."""
    return write_words(stored.replace("_", " "))


def count(number: int, thing: str) -> str:
    """Whose plural ends in s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
