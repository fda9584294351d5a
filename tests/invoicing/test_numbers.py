from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from invoicing.models import Series
from invoicing.numbers import take_number


class Refused(Exception):
    pass


@pytest.mark.django_db(transaction=True)
class TestTakeNumber:
    def test_counts_by_issuer_and_year(self):
        with transaction.atomic():
            taken = [
                take_number("nlcpo", year=2026),
                take_number("nlcpo", year=2026),
                take_number("frcpo", year=2026),
                take_number("nlcpo", year=2027),
            ]

        assert taken == [1, 2, 1, 1]

    def test_leaves_no_gap_when_its_transaction_fails(self):
        with transaction.atomic():
            take_number("nlcpo", year=2026)
        with transaction.atomic():
            take_number("nlcpo", year=2026)
            transaction.set_rollback(True)

        with transaction.atomic():
            assert take_number("nlcpo", year=2026) == 2

    def test_gives_threads_each_their_own_and_leaves_none_out(self):
        start = threading.Barrier(8)

        def work(which: int) -> list[int]:
            start.wait()
            kept = []
            for turn in range(10):
                try:
                    with transaction.atomic():
                        number = take_number("nlcpo", year=2026)
                        if (which + turn) % 4 == 0:
                            raise Refused
                        kept.append(number)
                except Refused:
                    pass
            connection.close()
            return kept

        with ThreadPoolExecutor(8) as pool:
            kept = [number for numbers in pool.map(work, range(8)) for number in numbers]

        assert sorted(kept) == list(range(1, len(kept) + 1))
        assert len(kept) == 60
        assert Series.objects.get().last == 60

    def test_wants_a_transaction(self):
        with pytest.raises(RuntimeError, match="gaps"):
            take_number("nlcpo", year=2026)

    @pytest.mark.parametrize("change", [{"last": 7}, {"last": 1}, {"year": 2030}, {"issuer": "frcpo"}])
    def test_its_series_goes_on_by_one_and_in_no_other_way(self, change: dict[str, object]):
        with transaction.atomic():
            take_number("nlcpo", year=2026)
            take_number("nlcpo", year=2026)

        with pytest.raises(DatabaseError, match="goes on by one"):
            Series.objects.update(**change)
        with pytest.raises(DatabaseError, match="goes on by one"):
            Series.objects.all().delete()
