"""The form of an IBAN and of a BIC, by length and check digits. Whether the account exists only the bank can tell."""

from __future__ import annotations

from stdnum import bic, iban
from stdnum.exceptions import ValidationError


class InvalidAccount(ValueError):
    """It cannot be one; the message says why."""


def read_iban(text: str) -> str:
    """Compact and in capitals.

    Raises:
        InvalidAccount: no country's length, or wrong check digits.
    """
    try:
        return str(iban.validate(text))
    except ValidationError as e:
        raise InvalidAccount(f"{text!r} is no IBAN: {e}") from e


def read_bic(text: str) -> str:
    """Compact and in capitals.

    Raises:
        InvalidAccount: not of eight or eleven characters as BICs are.
    """
    try:
        return str(bic.validate(text))
    except ValidationError as e:
        raise InvalidAccount(f"{text!r} is no BIC: {e}") from e
