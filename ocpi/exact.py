"""The hint of OCPI's Number: what msgspec reads for it is a Decimal. Of each number it asks `isinstance`, which an
abstract class such as `numbers.Number` answers in Python, and this one in C, in half the time of the whole decoding."""

from __future__ import annotations

from decimal import Decimal


class _AsDecimal(type):
    __instancecheck__ = Decimal.__instancecheck__  # bound to Decimal: nothing of ours is called


class Exact(metaclass=_AsDecimal):
    """Nothing is made of it."""
