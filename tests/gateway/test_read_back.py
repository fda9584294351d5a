"""Who is told of an object finds it in the hub at once: it is stored before it is passed on."""

from __future__ import annotations

from typing import Any

from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.live.partner import answer_ok, get_code
from tests.parties.http_peer import Handler


class TestReadBack:
    def test_of_what_is_just_being_told(self, cast: Cast):
        listed: list[Any] = []

        def read_back(handler: Handler) -> None:
            listed.append(cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB").json()["data"])
            answer_ok(handler)

        cast.emsp.behave = read_back

        answer = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to="FR*MSP")

        assert get_code(answer) == 1000
        assert [[one["id"] for one in data] for data in listed] == [["LOC1"]]
