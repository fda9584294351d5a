"""The tests of money have no float near an amount: the fixture that sees to it does."""

from __future__ import annotations

from decimal import Decimal, FloatOperation
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection

from tests.conftest import MONEY


def _mix() -> Decimal:
    return Decimal(float("0.1"))


# Tables whose numbers are money, energy or what they are reckoned from.
TABLES = ("cdrs_", "charging_sessions_", "tariffs_", "reconciliation_", "settlement_", "invoicing_")


@pytest.mark.django_db
class TestColumns:
    def test_hold_no_float(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name ~ %s",
                [f"^({'|'.join(TABLES)})"],
            )
            columns = cursor.fetchall()

        types = {data_type for _, _, data_type in columns}
        assert {prefix for prefix in TABLES if any(table.startswith(prefix) for table, _, _ in columns)} == set(TABLES)
        assert "numeric" in types
        assert [column for column in columns if column[2] in ("real", "double precision", "money")] == []


class TestFloats:
    @pytest.mark.parametrize("folder", sorted(MONEY))
    def test_are_looked_for_in_folders_that_there_are(self, folder: str):
        assert (Path(__file__).parent.parent / folder).is_dir()

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
