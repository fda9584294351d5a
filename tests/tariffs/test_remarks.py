"""What the lint says of a tariff that is pushed: to the CPO, to staff, and, if the hub wants it so, as a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tariffs.models import Tariff
from tariffs.remarks import MOST_READ, find_remarks, get_message, worth_telling
from tests.conftest import Cast
from tests.documents import as_json, tariff_document
from tests.live.partner import get_code

ODD: dict[str, Any] = {
    "elements": [
        {"price_components": [{"type": "ENERGY", "price": -1, "vat": 0.21, "step_size": 1}]},
        {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]},
    ]
}


def put(cast: Cast, *, to: str = "NL*HUB", **changes: Any) -> Any:
    return cast.cpo.call("PUT", "tariffs", "NL/CPO/T1", body=as_json(tariff_document(**changes)), to=to)


class TestPut:
    def test_is_accepted_with_remarks(self, cast: Cast):
        answer = put(cast, **ODD)

        assert (answer.status_code, get_code(answer)) == (201, 1000)
        message = answer.json()["status_message"]
        assert message.startswith("accepted; 3 remarks: elements/0/price_components/0/price: pays the driver")
        assert Tariff.objects.get().flags.split("\n") == [
            "elements/0/price_components/0/price: pays the driver (negative_price)",
            "elements/0/price_components/0/vat: a percentage is expected, as in 21.0 (vat_implausible)",
            "elements/1: earlier elements always come first (unreachable_element)",
        ]

    def test_is_told_on_all_the_same(self, cast: Cast):
        put(cast, **ODD)
        cast.hub.deliver()

        assert [seen.path for seen in cast.emsp.seen] == ["/receiver/tariffs/NL/CPO/T1"]

    def test_says_nothing_of_a_good_one(self, cast: Cast):
        answer = put(cast)

        assert "status_message" not in answer.json()
        assert Tariff.objects.get().flags == ""

    def test_is_refused_if_the_hub_says_so(self, cast: Cast, settings: Any):
        settings.HUB_REFUSE_TARIFFS = ["negative_price"]

        answer = put(cast, **ODD)

        assert get_code(answer) == 2001
        assert "negative_price" in answer.json()["status_message"]
        assert not Tariff.objects.exists()

    def test_to_one_partner_is_that_partners_to_judge(self, cast: Cast, settings: Any):
        settings.HUB_REFUSE_TARIFFS = ["negative_price"]

        answer = put(cast, to="FR*MSP", **ODD)

        assert get_code(answer) == 1000
        assert "negative_price" in Tariff.objects.get(audience="frmsp").flags

    def test_is_refused_unread_where_the_hub_refuses_any(self, cast: Cast, settings: Any):
        """Else whoever wants to hide a price writes enough before it."""
        settings.HUB_REFUSE_TARIFFS = ["negative_price"]

        answer = put(cast, **ODD, note="x" * MOST_READ)

        assert get_code(answer) == 2001
        assert "too_long" in answer.json()["status_message"]
        assert not Tariff.objects.exists()


class TestFindRemarks:
    def test_of_an_endless_tariff_are_one(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("tariffs.remarks.lint", lambda tariff: pytest.fail("it was looked through"))

        (remark,) = find_remarks(as_json(tariff_document(**ODD, note="x" * MOST_READ)))

        assert (remark.id, remark.severity) == ("too_long", "flag")

    def test_keeps_no_more_than_the_tariff_at_hand(self):  # it may be as long as a body can be
        for number in range(3):
            find_remarks(as_json(tariff_document(id=f"T{number}")))

        assert find_remarks.cache_info().currsize == 1


class TestGetMessage:
    def test_is_short_however_much_there_is_to_say(self):
        elements = ODD["elements"] * 40

        message = get_message(worth_telling(find_remarks(as_json(tariff_document(elements=elements)))))

        assert message is not None
        assert message.startswith("accepted; ")
        assert len(message) <= 250
        assert message.endswith(" …")

    def test_begins_with_the_gravest(self):
        never = {"min_kwh": 5, "max_kwh": 5}
        tariff = tariff_document(elements=[*ODD["elements"], ODD["elements"][1] | {"restrictions": never}])

        remarks = worth_telling(find_remarks(as_json(tariff)))

        assert [remark.severity for remark in remarks][:2] == ["hold", "flag"]

    @pytest.mark.parametrize("document", [b"[]", b"{", b'{"elements": 1e99999999999999999999}'])
    def test_bears_anything(self, document: bytes):
        get_message(worth_telling(find_remarks(document)))
