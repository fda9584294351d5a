"""Rows TAR-01 to TAR-10 (section 9).

What a hub that does not price owes to TAR-06 to TAR-09 is that every tariff arrives as its owner wrote it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.conformance.cast import Cast
from tests.conformance.lists import crawl, find_in_list, wait_until, write
from tests.conformance.objects import connector, evse, location, tariff
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import Answer, as_json, new_id


def put(cast: Cast, id: str, **changes: Any) -> Answer:
    """CPA tells the hub."""
    return cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id, **changes), to=cast.HUB)


def as_texts(body: bytes) -> Any:
    """The JSON with every number as the text it was written in."""
    return json.loads(body, parse_float=lambda text: f"number {text}", parse_int=lambda text: f"number {text}")


def assert_passed_as_told(cast: Cast, id: str, **changes: Any) -> None:
    """Same elements in the same order, same fields, same digits: pushed on, served to its owner and in lists."""
    told = as_texts(as_json(tariff(id, **changes)))

    answer = put(cast, id, **changes)

    assert answer.code == 1000, repr(answer)
    assert as_texts(cast.msa.wait_for("PUT", "tariffs", contains=id).body) == told
    assert as_texts(cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).body)["data"] == told
    assert find_in_list(cast.msa, "tariffs", id, to=cast.HUB) == json.loads(
        as_json(tariff(id, **changes)), parse_float=Decimal
    )


def component(kind: str, price: str, *, vat: str | None = "20.0", step_size: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "price": Decimal(price), "step_size": step_size}
    return found if vat is None else found | {"vat": Decimal(vat)}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    return {"price_components": list(components)} | ({"restrictions": restrictions} if restrictions else {})


def test_TAR_01_sender_merges_the_lists_of_all_owners(cast: Cast) -> None:
    ids = {owner: new_id("T01") for owner in ("DE*CPA", "AT*MIX")}
    for cpo in (cast.cpa, cast.mix):
        id = ids[cpo.party]
        body = tariff(id, owner=cpo.party)
        assert cpo.call("PUT", "tariffs", f"{cpo.owner}/{id}", body=body, to=cast.HUB).code == 1000

    found = {
        item["id"]: f"{item['country_code']}*{item['party_id']}" for item in crawl(cast.msa, "tariffs", to=cast.HUB)
    }

    assert {owner: found.get(id) for owner, id in ids.items()} == {owner: owner for owner in ids}
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        pushed = None if method == "DELETE" else tariff(new_id("T01"))
        refused = cast.cpa.call(method, "tariffs", interface="SENDER", body=pushed, to=cast.HUB)
        assert refused.http == 405, method
        assert "GET" in refused.headers["Allow"]


def test_TAR_02_receiver_knows_get_put_and_delete(cast: Cast) -> None:
    id = new_id("T02")

    assert put(cast, id).http == 201
    for method in ("PATCH", "POST"):
        refused = cast.cpa.call(method, "tariffs", f"DE/CPA/{id}", body=tariff(id, currency="SEK"), to=cast.HUB)
        assert refused.http == 405, method
    found = cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB)
    assert (found.http, found.data["currency"]) == (200, "EUR")
    assert cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{id}", to=cast.HUB).code == 1000


def test_TAR_03_delete_is_for_good(cast: Cast) -> None:
    id = new_id("T03")
    put(cast, id)
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).http == 200

    deleted = cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{id}", to=cast.HUB)
    again = cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{id}", to=cast.HUB)

    assert (deleted.http, deleted.code) == (200, 1000)
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).http == 404
    assert find_in_list(cast.msa, "tariffs", id, to=cast.HUB) is None
    assert again.http == 404


def test_TAR_04_a_tariff_in_use_is_deleted_with_a_warning(cast: Cast) -> None:
    used, unused, place = new_id("T04U"), new_id("T04N"), new_id("T04L")
    for id in (used, unused):
        assert put(cast, id).code == 1000
    with_tariff = location(place, evses=[evse("E1", connectors=[connector("1", tariff_ids=[used])])])
    assert cast.cpa.call("PUT", "locations", f"DE/CPA/{place}", body=with_tariff, to=cast.HUB).code == 1000

    warned = cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{used}", to=cast.HUB)
    quiet = cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{unused}", to=cast.HUB)

    assert (warned.http, warned.code) == (200, 1000)
    assert warned.message
    assert warned.message != quiet.message
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{used}", to=cast.HUB).http == 404


def serve_tariffs(cpo: Partner, *ids: str) -> Any:
    body = [tariff(id, owner=cpo.party) for id in ids]
    headers = {"X-Total-Count": str(len(body)), "X-Limit": "100"}
    return cpo.answering(
        reply(body, headers=headers), when=lambda call: (call.module, call.interface) == ("tariffs", "SENDER")
    )


def test_TAR_05_only_a_full_pull_replaces_the_list(cast: Cast) -> None:
    stays, goes = new_id("T05A"), new_id("T05B")
    cpo = cast.add("DE*T05 CPO", contracts=["NL*MSA"])

    def is_served(id: str) -> bool:
        return find_in_list(cast.msa, "tariffs", id, to=cast.HUB) is not None

    with serve_tariffs(cpo, stays, goes):
        cast.operator.pull(cpo.handle, modules=["tariffs"], full=True)
        wait_until(lambda: is_served(stays) and is_served(goes), what="the tariffs of the first full pull")
    before = len(cpo.find("GET", "tariffs"))
    newcomer = new_id("T05C")
    with serve_tariffs(cpo, newcomer):
        cast.operator.pull(cpo.handle, modules=["tariffs"], full=False)
        wait_until(lambda: is_served(newcomer), what="the tariff of the delta pull")
    assert "date_from" in cpo.find("GET", "tariffs")[before].params
    assert is_served(stays)
    assert is_served(goes)
    with serve_tariffs(cpo, stays):
        cast.operator.pull(cpo.handle, modules=["tariffs"], full=True)
        wait_until(lambda: not is_served(goes), what="the end of a tariff that a full pull did not show")
    assert is_served(stays)
    asked = cpo.find("GET", "tariffs")[-1]
    assert "date_from" not in asked.params


def test_TAR_06_selection_is_left_to_who_prices(cast: Cast) -> None:
    """Order of elements decides, so do bounds and wraps: nothing is sorted, merged, converted or left out."""
    elements = [
        element(component("FLAT", "2.50", vat="15.0", step_size=0)),
        element(component("TIME", "1.00", step_size=900), max_current=Decimal("32.0")),
        element(
            component("TIME", "2.00", step_size=600), min_current=Decimal("32.0"), day_of_week=["SATURDAY", "SUNDAY"]
        ),
        element(component("TIME", "1.25", step_size=600), min_current=32, day_of_week=["MONDAY", "FRIDAY"]),
        element(component("PARKING_TIME", "6.00", step_size=300), start_time="22:00", end_time="06:00"),
        element(component("PARKING_TIME", "5.00", step_size=300), start_time="09:00", end_time="00:00"),
        element(component("ENERGY", "0.3000"), min_kwh=0, max_kwh=10, min_duration=0, max_duration=3600),
        element(component("ENERGY", "0.2")),
    ]

    assert_passed_as_told(cast, new_id("T06"), elements=elements)


def test_TAR_07_the_kind_of_tariff_is_what_its_owner_said(cast: Cast) -> None:
    untyped, expiring = new_id("T07"), new_id("T07R")
    reservation = [
        element(component("FLAT", "0.50")),
        element(component("TIME", "5.00", step_size=60), reservation="RESERVATION"),
        element(component("TIME", "6.00", step_size=600), reservation="RESERVATION_EXPIRES"),
    ]

    assert_passed_as_told(cast, untyped)
    assert_passed_as_told(cast, expiring, elements=reservation)

    assert "type" not in cast.cpa.call("GET", "tariffs", f"DE/CPA/{untyped}", to=cast.HUB).data
    for kind in ("AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"):
        id = new_id("T07")
        assert put(cast, id, type=kind).code == 1000
        assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).data["type"] == kind


def test_TAR_08_no_vat_is_not_zero_vat(cast: Cast) -> None:
    id = new_id("T08")
    elements = [
        element(component("ENERGY", "0.25", vat=None)),
        element(component("TIME", "1.0000", vat="0.0")),
        element(component("FLAT", "0.1", vat="10")),
    ]
    bounds = {"min_price": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.55")}, "max_price": {"excl_vat": 10}}

    assert_passed_as_told(cast, id, elements=elements, **bounds)

    served = cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).data
    components = [item["price_components"][0] for item in served["elements"]]
    assert ["vat" in found for found in components] == [False, True, True]
    assert "incl_vat" not in served["max_price"]


def test_TAR_09_step_size_is_a_whole_number(cast: Cast) -> None:
    free = [element(component("FLAT", "0.00", vat=None, step_size=0))]
    steps = [element(component("ENERGY", "0.20", step_size=500), component("TIME", "2.00", step_size=300))]

    assert_passed_as_told(cast, new_id("T09"), elements=free)
    assert_passed_as_told(cast, new_id("T09"), elements=steps)

    for wrong in (Decimal("1.5"), "1", None):
        id = new_id("T09")
        odd = [element(component("ENERGY", "0.20") | {"step_size": wrong})]
        assert put(cast, id, elements=odd).code == 2001, wrong
        assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).http == 404


def test_TAR_10_tariffs_are_served_before_and_after_they_hold(cast: Cast) -> None:
    now = datetime.now(UTC)
    next_month, last_month = write(now + timedelta(days=30)), write(now - timedelta(days=30))

    assert_passed_as_told(cast, new_id("T10"), start_date_time=next_month)
    assert_passed_as_told(cast, new_id("T10"), start_date_time="2020-01-01T00:00:00Z", end_date_time=last_month)
