"""Text that no row can have is refused before psycopg2 fails on it."""

from __future__ import annotations

import pytest

from journal.reader import Reader
from ocpi.errors import InvalidParameter


class TestUnstorableReads:
    @pytest.mark.parametrize("text", ["LOC\x00", "\ud800"])
    def test_are_refused(self, text: str):
        reader = Reader(dsn="")
        try:
            with pytest.raises(InvalidParameter):
                reader.fetch_blocking("SELECT %s", (text,))
            assert reader.waiting == 0
        finally:
            reader.stop()
