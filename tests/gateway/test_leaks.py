"""Two CPOs, two eMSPs, two of four agreements: no object, header or count crosses (decision 2)."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Cast, make_agreement
from tests.documents import (
    as_json,
    cdr_document,
    location_document,
    session_document,
    tariff_document,
    token_document,
)
from tests.live.partner import Partner, get_code

LISTS = {"locations": "", "tariffs": "", "tokens": "", "sessions": "?date_from=2020-01-01T00:00:00Z", "cdrs": ""}


def fill(cpo: Partner, emsp: Partner) -> None:
    """Everything this pair has to tell: to the hub, and to each other."""
    owner, holder = str(cpo.parties[0]), str(emsp.parties[0])
    path, token_path = owner.replace("*", "/"), holder.replace("*", "/")
    token = {"country_code": emsp.parties[0].country_code, "party_id": emsp.parties[0].party_id}
    for to, mark in (("NL*HUB", "all"), (holder, "one")):
        for module, document in (
            ("locations", location_document(owner=owner, id=f"{mark}")),
            ("tariffs", tariff_document(owner=owner, id=f"{mark}")),
        ):
            assert get_code(cpo.call("PUT", module, f"{path}/{mark}", body=as_json(document), to=to)) == 1000
        session = as_json(session_document(owner=owner, id=mark, cdr_token=token))
        assert get_code(cpo.call("PUT", "sessions", f"{path}/{mark}", body=session, to=to)) == 1000
        cdr = as_json(cdr_document(owner=owner, id=mark, cdr_token=token))
        assert get_code(cpo.call("POST", "cdrs", body=cdr, to=to)) == 1000
    tokens = as_json(token_document(owner=holder, uid="all"))
    assert get_code(emsp.call("PUT", "tokens", f"{token_path}/all", body=tokens, to="NL*HUB")) == 1000


@pytest.fixture
def full(cast: Cast) -> Cast:
    fill(cast.cpo, cast.emsp)
    fill(cast.other_cpo, cast.other_emsp)
    cast.hub.deliver()
    return cast


class TestNothingCrosses:
    def test_in_lists_and_counts(self, full: Cast):  # ROUTE-41, ROUTE-42
        expected = {
            (full.emsp, "locations"): {"CPO"},
            (full.emsp, "tariffs"): {"CPO"},
            (full.emsp, "sessions"): {"CPO"},
            (full.emsp, "cdrs"): {"CPO"},
            (full.cpo, "tokens"): {"MSP"},
            (full.other_emsp, "locations"): {"CPX"},
            (full.other_emsp, "tariffs"): {"CPX"},
            (full.other_emsp, "sessions"): {"CPX"},
            (full.other_emsp, "cdrs"): {"CPX"},
            (full.other_cpo, "tokens"): {"MSX"},
        }
        for partner in (full.cpo, full.emsp, full.other_cpo, full.other_emsp):
            for module, query in LISTS.items():
                answer = partner.call("GET", module, query, interface="sender", to="NL*HUB")
                owners = {one["party_id"] for one in answer.json()["data"]}
                assert owners == expected.get((partner, module), set()), (str(partner.parties[0]), module)
                assert answer.headers["X-Total-Count"] == str(len(answer.json()["data"]))

    def test_in_what_is_told(self, full: Cast):  # ROUTE-22, ROUTE-30
        strangers = {full.cpo: "MSX", full.emsp: "CPX", full.other_cpo: "MSP", full.other_emsp: "CPO"}
        for partner, stranger in strangers.items():
            assert partner.seen
            for seen in partner.seen:
                assert stranger not in seen.path
                assert json.loads(seen.body or b"{}").get("party_id") != stranger
                assert stranger not in json.dumps(seen.headers).replace("HUB", "")

    def test_in_who_is_there(self, full: Cast):  # HCI-04
        infos = full.emsp.call("GET", "hubclientinfo", interface="sender").json()["data"]

        assert [info["party_id"] for info in infos] == ["CPO"]

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("module", ["locations", "tariffs", "tokens", "sessions"])
    def test_by_naming_anothers_object(self, full: Cast, method: str, module: str):  # TRANS-35
        body = None if method in ("GET", "DELETE") else {"last_updated": "2030-01-01T00:00:00Z"}
        owner = "FR/MSP" if module == "tokens" else "NL/CPO"
        for to in ("NL*HUB", "IT*MSX", None):
            for thief in (full.other_cpo, full.other_emsp, full.emsp if module != "tokens" else full.cpo):
                answer = thief.call(method, module, f"{owner}/all", body=body, to=to)
                assert answer.status_code in (404, 405), (str(thief.parties[0]), to, answer.text)
                assert "data" not in answer.json()

    def test_by_addressing_a_stranger(self, full: Cast):  # ROUTE-22
        for module, query in LISTS.items():
            before = len(full.cpo.seen)
            answer = full.other_emsp.call("GET", module, query, interface="sender", to="NL*CPO")
            assert get_code(answer) == 4003
            assert len(full.cpo.seen) == before

    def test_by_an_agreement_on_another_module(self, full: Cast):
        make_agreement("NL*CPO", "IT*MSX", modules=("tariffs",))
        full.hub.settle()

        locations = full.other_emsp.call("GET", "locations", interface="sender").json()["data"]
        tariffs = full.other_emsp.call("GET", "tariffs", interface="sender").json()["data"]

        assert {one["party_id"] for one in locations} == {"CPX"}
        assert sorted(one["party_id"] + one["id"] for one in tariffs) == ["CPOall", "CPXall", "CPXone"]
