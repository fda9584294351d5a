"""A back end that gives the hub everything must not give it to each eMSP (decision 2, ROUTE-42)."""

from __future__ import annotations

from typing import Any

import pytest

from journal.models import CallLog
from parties.registry import find_owned_module
from tests.conftest import Cast
from tests.documents import as_json, cdr_document, location_document, session_document
from tests.live.partner import get_code

SINCE = "?date_from=2020-01-01T00:00:00Z"
MINE = {"country_code": "FR", "party_id": "MSP"}
TOKEN = {"uid": "04A1B2C3D4E5", "contract_id": "FR-MSP-C12345678-X"}
THEIRS = {"country_code": "IT", "party_id": "MSX"}


def page(*documents: object) -> bytes:
    return b'{"data":[' + b" , ".join(as_json(one) for one in documents) + b'],"status_code":1000,"timestamp":"x"}'


@pytest.mark.parametrize(("module", "document"), [("sessions", session_document), ("cdrs", cdr_document)])
class TestTokenBoundLists:
    def test_lose_what_is_of_other_tokens(self, cast: Cast, module: str, document):
        mine = document(id="1", cdr_token=MINE)
        body = page(document(id="2", cdr_token=THEIRS), mine)
        cast.cpo.answer_with(body, headers=(("X-Total-Count", "2"), ("X-Limit", "10")))

        answer = cast.emsp.call("GET", module, SINCE, interface="sender", to="NL*CPO")

        assert [one["id"] for one in answer.json()["data"]] == ["1"]
        assert as_json(mine) in answer.content
        assert "X-Total-Count" not in answer.headers
        assert "1 objects of others" in CallLog.objects.get(leg="out").message

    def test_pass_to_the_letter_when_all_is_the_askers(self, cast: Cast, module: str, document):
        body = page(document(id="1", cdr_token=MINE), document(id="2", cdr_token=MINE))
        cast.cpo.answer_with(body, headers=(("X-Total-Count", "2"),))

        answer = cast.emsp.call("GET", module, SINCE, interface="sender", to="NL*CPO")

        assert answer.content == body
        assert answer.headers["X-Total-Count"] == "2"


class TestBytesThatAreNoText:
    """Its partner's failure: never the hub's, nor the asker's (ROUTE-14)."""

    @pytest.mark.parametrize(("module", "shown"), [("sessions", 1), ("locations", 2)])
    def test_in_one_object_leave_the_others_as_they_are(self, cast: Cast, module: str, shown: int):
        mine = session_document(cdr_token=MINE) if module == "sessions" else location_document()
        body = page(mine, mine | {"party_id": "~"}).replace(b"~", b"C\xff")
        cast.cpo.answer_with(body)

        answer = cast.emsp.call("GET", module, SINCE, interface="sender", to="NL*CPO")

        assert answer.status_code == 200
        assert answer.content.count(b'"party_id"') == page(*[mine] * shown).count(b'"party_id"')

    def test_beside_the_data_are_no_ocpi(self, cast: Cast):
        cast.cpo.answer_with(b'{"\xff":1,"data":[],"status_code":1000,"timestamp":"x"}')

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000


class TestAnswersWithoutAnEnd:
    """What takes seconds to look through, and a web process answers nobody meanwhile."""

    @pytest.mark.parametrize(("path", "value"), [("", b"1"), ("", b"{}"), ("/LOC1", b"{}")])
    def test_of_countless_values_are_not_looked_through(self, cast: Cast, path: str, value: bytes):
        body = page()[:-1].replace(b"[]", b"[" + b",".join([value] * 1_000_000) + b"]") + b"}"
        cast.cpo.answer_with(body)

        answer = cast.emsp.call("GET", "locations", path.strip("/"), interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000
        assert "so many values" in answer.json()["status_message"]

    def test_of_countless_objects_are_refused(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("gateway.visible.MOST_OBJECTS", 2)
        cast.cpo.answer_with(page(*[location_document()] * 3))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000
        assert "more than 2 objects" in answer.json()["status_message"]

    def test_of_countless_fields_beside_the_data_are_refused(self, cast: Cast):
        beside = b",".join(b'"field%d":1' % number for number in range(10_000))
        cast.cpo.answer_with(page(location_document())[:-1] + b"," + beside + b"}")

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000
        assert "beside the data" in answer.json()["status_message"]

    def test_of_one_object_of_a_megabyte_pass(self, cast: Cast):
        cast.cpo.answer_with(page(location_document() | {"x": "x" * 1_500_000}))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 1000


class TestOwnedObjects:
    def test_of_a_party_without_agreement_are_cut_out_of_lists(self, cast: Cast):
        cast.cpo.answer_with(page(location_document(), location_document(owner="BE*CPO")))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert [one["country_code"] for one in answer.json()["data"]] == ["NL"]

    def test_of_a_party_without_agreement_are_not_there(self, cast: Cast):
        foreign = as_json(location_document(owner="BE*CPO"))
        cast.cpo.answer_with(b'{"data":' + foreign + b',"status_code":1000,"timestamp":"x"}')

        answer = cast.emsp.call("GET", "locations", "LOC1", interface="sender", to="NL*CPO")

        assert (answer.status_code, get_code(answer)) == (404, 2001)
        assert "Stationsplein" not in answer.text


class TestPersonalIds:
    def test_may_hold_backslashes(self, cast: Cast):
        unknown = {"status_code": 2004, "status_message": r"no token ABCDEFG\qrs", "timestamp": "x"}
        cast.emsp.answer_with(unknown, status=404)

        answer = cast.cpo.call("POST", "tokens", "ABCDEFG%5Cqrs/authorize", interface="sender", to="FR*MSP")

        assert (answer.status_code, get_code(answer)) == (404, 2004)
        assert CallLog.objects.filter(message=r"no token •••\qrs").count() == 2

    def test_are_masked_in_what_partners_say_of_them(self, cast: Cast):
        cast.emsp.answer_with({"status_code": 2001, "status_message": "no token 04A1B2C3D4E5", "timestamp": "x"})

        answer = cast.cpo.call("POST", "tokens", "04a1b2c3d4e5/authorize", interface="sender", to="FR*MSP")

        assert "04A1B2C3D4E5" in answer.text
        for message in CallLog.objects.values_list("message", flat=True):
            assert "04a1b2c3d4e5" not in message.lower()

    @pytest.mark.parametrize(
        ("method", "module", "path", "document"),
        [
            ("PUT", "sessions", "NL/CPO/S1", session_document(cdr_token=TOKEN)),
            ("POST", "cdrs", "", cdr_document(cdr_token=TOKEN)),
        ],
    )
    def test_are_masked_as_are_contracts_where_a_document_names_them(
        self, cast: Cast, method: str, module: str, path: str, document: dict[str, Any]
    ):
        said = "contract fr-msp-c12345678-x of 04A1B2C3D4E5 has ended"
        cast.emsp.answer_with({"status_code": 2001, "status_message": said, "timestamp": "x"})

        answer = cast.cpo.call(method, module, path, body=as_json(document), to="FR*MSP")

        assert answer.json()["status_message"] == said
        masked = "contract ••• of ••• has ended"
        assert list(CallLog.objects.values_list("message", flat=True)) == [masked] * 2
        kept = find_owned_module(module)
        assert kept is not None
        assert kept.model._default_manager.get().verdict_message == masked
