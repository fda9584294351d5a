"""What stands beside a CDR for its comparison with others."""

from __future__ import annotations

import pytest

from cdrs.models import Cdr
from cdrs.module import Cdrs
from cdrs.wire import v2_2_1
from ocpi.wire import decode
from tests.conftest import Cast
from tests.documents import ABSENT, as_json, cdr_document
from tests.live.partner import get_code

REFUSED = {"status_code": 2001, "status_message": "no", "timestamp": "2026-11-20T12:00:00Z"}
OK = {"status_code": 1000, "timestamp": "2026-11-20T12:00:00Z"}


class TestColumns:
    @pytest.mark.parametrize(
        ("location", "key"),
        [
            ({"evse_uid": "Evse1"}, "evse1"),
            ({"evse_uid": ABSENT, "evse_id": "NL*CPO*E1"}, "nl*cpo*e1"),  # some leave the uid out
            ({"evse_uid": "#NA", "evse_id": "#NA"}, ""),  # CDR-16: a reservation that nothing followed
        ],
    )
    def test_name_the_evse(self, location, key):
        cdr = decode(as_json(cdr_document(cdr_location=location)), type=v2_2_1.CDR)

        assert Cdrs().get_columns(cdr)["evse_key"] == key

    def test_name_the_token_without_case(self):
        cdr = decode(as_json(cdr_document(cdr_token={"uid": "ToKeN1"})), type=v2_2_1.CDR)

        assert Cdrs().get_columns(cdr)["token_key"] == "token1"


class TestVerdict:
    def test_marks_what_was_not_accepted_until_it_is(self, cast: Cast):
        body = as_json(cdr_document())
        cast.emsp.answer_with(REFUSED)
        assert get_code(cast.cpo.call("POST", "cdrs", body=body, to="FR*MSP")) == 2001
        refused = Cdr.objects.get().is_undelivered
        cast.emsp.answer_with(OK)
        assert get_code(cast.cpo.call("POST", "cdrs", body=body, to="FR*MSP")) == 1000

        assert (refused, Cdr.objects.get().is_undelivered) == (True, False)

    def test_of_an_earlier_body_does_not_count_for_the_next(self, cast: Cast):
        cast.emsp.answer_with(REFUSED)
        cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")
        cast.emsp.answer_with(OK)
        cast.cpo.call("POST", "cdrs", body=as_json(cdr_document(remark="mended")), to="FR*MSP")

        cdr = Cdr.objects.get()
        assert (cdr.is_undelivered, cdr.verdict_code, "mended" in cdr.document) == (False, 1000, True)
