"""The top-level fields of a body, read once however often they are asked for."""

from __future__ import annotations

import pytest

from ocpi.errors import InvalidParameter, NotJson
from ocpi.raw import read_fields, read_text


class TestReadFields:
    def test_reads_another_body_anew(self) -> None:
        first, second = b'{"id":"A"}', b'{"id":"B"}'

        assert [read_text(read_fields(body), "id") for body in (first, first, second, first)] == ["A", "A", "B", "A"]

    @pytest.mark.parametrize(("body", "error"), [(b"", NotJson), (b"[1]", InvalidParameter), (b"\xff", NotJson)])
    def test_refuses_as_often_as_it_is_asked(self, body: bytes, error: type[Exception]) -> None:
        for _ in range(2):
            with pytest.raises(error):
                read_fields(body)
