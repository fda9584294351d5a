"""When an answer says that it was made (TRANS-14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ocpi.times import parse_datetime
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.live.partner import get_code
from tests.parties.http_peer import Handler

SPELLED = timedelta(milliseconds=1)  # the hub writes no more of a moment


class TestTimestamp:
    def test_is_not_when_the_call_came(self, cast: Cast):  # transport_and_format, Response format
        asked: list[datetime] = []

        def answer_badly(handler: Handler) -> None:
            asked.append(datetime.now(UTC))
            handler.answer(b"<html>", status=502)

        cast.emsp.behave = answer_badly

        answer = cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=as_json(location_document(id="L1")), to="FR*MSP")

        assert get_code(answer) == 4000
        assert parse_datetime(answer.json()["timestamp"]) > asked[0] - SPELLED
