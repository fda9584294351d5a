"""`operator`, where a platform wants it filled in: in what the hub itself lists and tells, nowhere else (LOC-14)."""

from __future__ import annotations

import json

import pytest

from parties.models import Party, Platform
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document
from tests.live.partner import Partner

PATH = "NL/CPO/LOC1"
DETAILS = {"name": "Charge Co", "website": "https://charge.example", "logo": None}
OPERATOR = {"name": "Charge Co", "website": "https://charge.example"}
WITHOUT = as_json({name: value for name, value in location_document().items() if name != "operator"})


def push(cast: Cast, body: bytes = WITHOUT, *, path: str = PATH, method: str = "PUT", to: str = "NL*HUB") -> None:
    assert cast.cpo.call(method, "locations", path, body=body, to=to).json()["status_code"] == 1000


def list_first(cast: Cast) -> bytes:
    body = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB").content
    return body[body.index(b"[") + 1 : body.rindex(b"]")]


@pytest.fixture
def wanted(cast: Cast) -> Partner:
    Party.objects.filter(platform=cast.cpo.platform).update(business_details=DETAILS)
    Platform.objects.filter(pk=cast.emsp.platform.pk).update(fills_operator=True)
    cast.hub.settle()
    return cast.emsp


def test_nothing_is_filled_in_by_default(cast: Cast):
    Party.objects.filter(platform=cast.cpo.platform).update(business_details=DETAILS)
    push(cast)
    cast.hub.deliver()

    assert list_first(cast) == WITHOUT
    assert cast.emsp.seen[-1].body == WITHOUT


def test_lists_and_broadcasts_have_it_and_keep_all_other_bytes(cast: Cast, wanted: Partner):
    push(cast)
    cast.hub.deliver()

    filled = WITHOUT[:-1] + b',"operator":' + json.dumps(OPERATOR, separators=(",", ":")).encode() + b"}"
    assert list_first(cast) == filled
    assert wanted.seen[-1].body == filled
    own = cast.cpo.call("GET", "locations", PATH, to="NL*HUB").content
    assert WITHOUT in own


def test_what_the_owner_says_stays(cast: Cast, wanted: Partner):
    body = as_json(location_document(operator={"name": "Somebody else"}))
    push(cast, body)
    cast.hub.deliver()

    assert list_first(cast) == body
    assert wanted.seen[-1].body == body


def test_null_is_absent(cast: Cast, wanted: Partner):
    push(cast, as_json(location_document(operator=None)))

    assert json.loads(list_first(cast))["operator"] == OPERATOR


def test_what_is_addressed_stays_as_it_came(cast: Cast, wanted: Partner):
    push(cast, to="FR*MSP")

    assert wanted.seen[-1].body == WITHOUT


def test_what_waited_for_its_one_receiver_stays_as_it_came(cast: Cast, wanted: Partner):
    make_agreement("DE*CPX", "FR*MSP", delivery="store_and_forward")
    Party.objects.filter(platform=cast.other_cpo.platform).update(business_details=DETAILS)
    Platform.objects.filter(pk=wanted.platform.pk).update(is_online=False)
    cast.hub.settle()
    body = WITHOUT.replace(b'"NL"', b'"DE"').replace(b'"CPO"', b'"CPX"')
    answer = cast.other_cpo.call("PUT", "locations", "DE/CPX/LOC1", body=body, to="FR*MSP")
    assert answer.json()["status_code"] == 1000
    Platform.objects.filter(pk=wanted.platform.pk).update(is_online=True)
    cast.hub.settle()

    cast.hub.deliver()

    assert wanted.seen[-1].body == body


def test_changes_and_parts_stay_as_they_came(cast: Cast, wanted: Partner):
    push(cast)
    change = as_json({"name": "New", "country_code": "NL", "party_id": "CPO", "last_updated": "2026-11-21T10:00:00Z"})
    push(cast, change, method="PATCH")
    evse = as_json({**location_document()["evses"][0], "last_updated": "2026-11-21T11:00:00Z"})
    push(cast, evse, path=f"{PATH}/{json.loads(evse)['uid']}")
    cast.hub.deliver()

    assert [seen.body for seen in wanted.seen if seen.method != "GET"][-2:] == [change, evse]
