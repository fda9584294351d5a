"""The form of a VAT number, by its country's rule and check digits. Whether it is in force only the state can tell."""

from __future__ import annotations

from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from settlement.vat import EU

_EU_PREFIXES = EU - {"GR"} | {"EL", "XI"}  # VAT numbers write Greece so; XI is Northern Ireland


class InvalidVatNumber(ValueError):
    """It cannot be one; the message says why."""


def read_vat_number(text: str) -> str:
    """Compact and in capitals, with its prefix.

    Raises:
        InvalidVatNumber: no country's prefix, or not of that country's form.
    """
    compact = "".join(text.upper().replace("-", "").replace(".", "").split())
    prefix = compact[:2]
    if prefix in _EU_PREFIXES:
        check = eu_vat.validate
    else:
        module = get_cc_module(prefix.lower(), "vat") if prefix.isalpha() and len(prefix) == 2 else None
        if module is None:
            raise InvalidVatNumber(f"{text!r}: write the country in front, as NL123456789B01")
        check = module.validate
    try:
        check(compact)
    except ValidationError as e:
        raise InvalidVatNumber(f"{text!r} is not of the form of VAT numbers of {prefix}: {e}") from e
    return compact
