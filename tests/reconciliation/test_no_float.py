"""The tests of money have no float near an amount: the fixture that sees to it does."""

from __future__ import annotations

from decimal import Decimal, FloatOperation
from threading import Thread

import pytest


def _mix() -> Decimal:
    return Decimal(float("0.1"))


class TestFloats:
    def test_are_caught(self):
        with pytest.raises(FloatOperation):
            _mix()

    def test_are_caught_in_other_threads(self):
        caught: list[bool] = []

        def work() -> None:
            try:
                _mix()
            except FloatOperation:
                caught.append(True)

        thread = Thread(target=work)
        thread.start()
        thread.join()

        assert caught == [True]
