"""CDRs that an agreement has the hub refuse: nothing of them is kept but the log row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agreements.models import Agreement
from cdrs.models import Cdr
from gateway import pipeline
from journal.models import CallLog
from tests.conftest import Cast
from tests.documents import ABSENT, as_json, cdr_document
from tests.live.partner import get_code

STRICT = {"refuse": True, "severities": {"total_cost_mismatch": "reject"}, "bounds": {"max_energy": "100"}}
WRONG: dict[str, Any] = {"total_cost": {"excl_vat": Decimal("9.20"), "incl_vat": Decimal("11.13")}}


def agree(cast: Cast, cdr_control: dict[str, Any]) -> None:
    Agreement.objects.filter(provider_country="NL").update(cdr_control=cdr_control)
    cast.hub.settle()


def post(cast: Cast, *, to: str = "FR*MSP", **changes: Any) -> Any:
    return cast.cpo.call("POST", "cdrs", body=as_json(cdr_document(**changes)), to=to)


@pytest.mark.parametrize("to", ["FR*MSP", "NL*HUB"])
class TestRefusal:
    def test_names_what_was_found_and_keeps_nothing(self, cast: Cast, to: str):
        agree(cast, STRICT)

        answer = post(cast, to=to, **WRONG)

        assert get_code(answer) == 2001
        assert "/total_cost" in answer.json()["status_message"]
        assert "total_cost_mismatch" in answer.json()["status_message"]
        assert not Cdr.objects.exists()
        assert cast.emsp.seen == []
        row = CallLog.objects.get()
        assert (row.leg, row.status_code, row.object_id) == ("in", 2001, "C1")

    def test_is_only_for_what_is_to_be_rejected(self, cast: Cast, to: str):
        agree(cast, STRICT | {"severities": {"total_cost_mismatch": "hold"}})

        assert get_code(post(cast, to=to, **WRONG)) == 1000
        assert Cdr.objects.exists()

    def test_lets_pass_what_is_right(self, cast: Cast, to: str):
        agree(cast, STRICT)

        assert get_code(post(cast, to=to)) == 1000
        assert len(cast.emsp.seen) == 1

    def test_is_only_where_the_agreement_says_so(self, cast: Cast, to: str):
        agree(cast, STRICT | {"refuse": False})

        assert get_code(post(cast, to=to, **WRONG)) == 1000


def test_covers_what_breaks_a_must(cast: Cast):
    agree(cast, {"refuse": True})

    answer = post(cast, total_time=ABSENT)

    assert get_code(answer) == 2001
    assert "/total_time" in answer.json()["status_message"]
    assert "required_field_missing" in answer.json()["status_message"]
    assert not Cdr.objects.exists()


def test_says_nothing_to_other_partners(cast: Cast):
    agree(cast, STRICT)
    document = cdr_document(owner="DE*CPX", token_owner="IT*MSX", **WRONG)

    answer = cast.other_cpo.call("POST", "cdrs", body=as_json(document), to="IT*MSX")

    assert get_code(answer) == 1000


def test_is_not_looked_for_where_no_agreement_wants_it(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    judged = []
    module = pipeline.get_module("cdrs")
    monkeypatch.setattr(type(module), "judge", lambda self, call, **terms: judged.append(call))
    agree(cast, {"severities": {"total_cost_mismatch": "reject"}})

    post(cast)
    before = len(judged)
    agree(cast, {"refuse": True})
    post(cast, id="C2")

    assert (before, len(judged)) == (0, 1)
