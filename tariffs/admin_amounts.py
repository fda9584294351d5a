"""Amounts of money in lists and pages of the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unfold.decorators import display

from parties.display import show_number
from tariffs.pricing.policy import get_digits


def amount(name: str, description: str = "") -> Callable[[Any, Any], str | None]:
    """In the decimals of its `currency`, and in more where they are not zero: 4.20 EUR, 4.2035 EUR, 500 JPY."""

    @display(description=description or name.replace("_", " "), ordering=name)
    def show(model_admin: Any, obj: Any) -> str | None:
        return show_number(getattr(obj, name), places=get_digits(obj.currency)) or None

    return show
