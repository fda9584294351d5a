"""CDRs at the running hub: what is odd is marked, what is wrong is refused, nothing is mended (CDR-06 to CDR-17)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cdrs.models import Cdr
from tariffs.models import Tariff
from tests.conftest import Cast
from tests.documents import ABSENT, as_json, cdr_document, credit_cdr_document
from tests.live.partner import get_code

NO_TIME = "1970-01-01T00:00:00Z"


def post(cast: Cast, *, document: dict[str, Any] | None = None, to: str = "NL*HUB", **changes: Any):
    body = document if document is not None else cdr_document(**changes)
    return cast.cpo.call("POST", "cdrs", body=as_json(body), to=to)


def period(kind: str) -> dict[str, Any]:
    return {"start_date_time": NO_TIME, "dimensions": [{"type": kind, "volume": 1}]}


class TestOdd:
    @pytest.mark.parametrize(("changes", "flag"), [
        ({"total_cost": {"excl_vat": Decimal("-1"), "incl_vat": Decimal("-1.21")}}, "total_cost: is negative"),
        ({"charging_periods": [period("POWER")]}, "charging_periods[0].dimensions[0].type: POWER"),
        ({"charging_periods": [period("MAGIC")]}, "charging_periods[0].dimensions[0].type: is a value"),
        ({"start_date_time": NO_TIME}, "start_date_time: is unknown"),
        ({"cdr_location": {"address": "x" * 60}}, "cdr_location.address: is longer"),
        ({"cdr_location": {"connector_standard": "MCS"}}, "cdr_location.connector_standard: is a value"),
        ({"cdr_location": {"evse_uid": ABSENT}}, "cdr_location.evse_uid: is missing"),
    ], ids=["negative", "for sessions", "unknown", "no time", "long address", "unknown plug", "no uid"])  # fmt: skip
    def test_is_delivered_and_marked(self, cast: Cast, changes: dict[str, Any], flag: str):
        # CDR-07, CDR-12, TRANS-44, CDR-16, CDR-17
        answer = post(cast, **changes)

        cdr = Cdr.objects.get()
        assert get_code(answer) == 1000
        assert cdr.is_verified
        assert cdr.flags.startswith(flag)
        assert len(cast.emsp.seen) == 1

    @pytest.mark.parametrize("changes", [
        {},
        {"session_id": ABSENT},
        {"cdr_location": {"id": "NOWHERE", "evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA"}},
    ], ids=["usual", "no session", "nothing to tell"])  # fmt: skip
    def test_not_at_all(self, cast: Cast, changes: dict[str, Any]):  # CDR-13, CDR-14, CDR-16
        assert get_code(post(cast, **changes)) == 1000
        assert Cdr.objects.get().flags == ""


class TestWrong:
    @pytest.mark.parametrize(("changes", "field"), [
        ({"cdr_location": {"evse_uid": ABSENT, "evse_id": ABSENT}}, "cdr_location.evse_id"),
        ({"charging_periods": []}, "charging_periods"),
        ({"charging_periods": [{"start_date_time": NO_TIME, "dimensions": []}]}, "dimensions"),
        ({"cdr_token": {"party_id": ABSENT}}, "party_id"),
        ({"cdr_token": {"contract_id": ABSENT}}, "contract_id"),
        ({"id": "C" * 37}, "id"),
        ({"credit": True}, "credit_reference_id"),
    ])  # fmt: skip
    def test_is_refused_and_not_delivered(self, cast: Cast, changes: dict[str, Any], field: str):
        # CDR-06, CDR-08, CDR-11, CDR-12, TRANS-42
        answer = post(cast, **changes)

        assert get_code(answer) == 2001
        assert field in answer.json()["status_message"]
        assert cast.emsp.seen == []
        assert not Cdr.objects.exists()


class TestCredit:
    def test_chain_of_three_is_kept(self, cast: Cast):  # CDR-06, CDR-07
        original = cdr_document()
        credit = credit_cdr_document(of=original, id="C" * 39)
        again = cdr_document(id="C3", total_cost={"excl_vat": Decimal("4.00"), "incl_vat": Decimal("4.84")})

        codes = [get_code(post(cast, document=one)) for one in (original, credit, again)]

        assert codes == [1000, 1000, 1000]
        assert sum(cdr.total_cost or 0 for cdr in Cdr.objects.all()) == Decimal("4.00")
        assert set(Cdr.objects.values_list("flags", flat=True)) == {""}


def test_signed_data_arrives_unchanged(cast: Cast):  # CDR-15
    value = "Ab+/=" * 1000
    signed = {"encoding_method": "OCMF", "signed_values": [
        {"nature": "Start", "plain_data": value, "signed_data": value},
    ]}  # fmt: skip

    assert get_code(post(cast, signed_data=signed)) == 1000
    assert value.encode() in cast.emsp.seen[0].body


def test_embedded_tariffs_are_no_tariffs(cast: Cast):  # CDR-13
    post(cast)

    assert not Tariff.objects.exists()


@pytest.mark.parametrize(("method", "interface"), [("PUT", "sender"), ("PUT", "receiver"), ("DELETE", "receiver")])
def test_methods_that_are_not_offered(cast: Cast, method: str, interface: str):  # CDR-01, CDR-02
    assert cast.cpo.call(method, "cdrs", interface=interface, body={}).status_code == 405
