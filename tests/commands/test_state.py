"""What staff reads of a reservation, by the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commands.models import Reservation
from tests.management.cast import NOW

LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


class TestState:
    @pytest.mark.parametrize(("columns", "state"), [
        ({"expires_at": LATER}, "open"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": EARLIER}, "expired"),
        ({"expires_at": None}, "not known"),
        ({"expires_at": LATER, "closed_at": EARLIER}, "refused or cancelled"),
        ({"expires_at": EARLIER, "closed_at": EARLIER}, "refused or cancelled"),
    ])  # fmt: skip
    def test_of_a_reservation(self, columns: dict[str, Any], state: str):
        assert Reservation(**columns).get_state(now=NOW) == state
