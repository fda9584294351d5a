"""Rows about partners that are away for long: ROUTE-21 and LOC-18. The file's name lets them come last."""

from __future__ import annotations

from tests.conformance.absence import Absence
from tests.conformance.cast import Cast
from tests.conformance.lists import find_in_list, wait_until
from tests.conformance.objects import location
from tests.conformance.wire import AT, new_id


def test_LOC_18_the_hub_never_derives_a_status(cast: Cast, absence: Absence) -> None:
    wait_until(
        lambda: cast.operator.get(absence.cpo.handle)["status"] == "OFFLINE",
        what="the CPO is known to be OFFLINE",
        within=6 * cast.hub.silence,
    )

    found = find_in_list(cast.msa, "locations", absence.scheduled, to=cast.HUB, owner=absence.cpo.party)

    assert found is not None
    assert [one["status"] for one in found["evses"]] == ["AVAILABLE"]
    assert (found["last_updated"], found["evses"][0]["last_updated"]) == (AT, AT)


def test_ROUTE_21_what_could_not_be_pushed_is_not_pushed_late(cast: Cast, absence: Absence) -> None:
    id, away = new_id("R21"), absence.emsp
    absence.wait_until_long()

    away.start()
    away.configure("GET", away.hub_versions_url)  # it is heard of again
    late = cast.add("DK*R2N EMSP", contracts=["DE*CPA"])
    cast.settle(cast.cpa, away)
    cast.settle(cast.cpa, late)
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    away.wait_for("PUT", "locations", contains=id)
    late.wait_for("PUT", "locations", contains=id)

    assert away.find(contains=absence.missed) == []
    assert late.find(contains=absence.missed) == []
    assert find_in_list(away, "locations", absence.missed, to=cast.HUB) is not None
    assert find_in_list(late, "locations", absence.missed, to=cast.HUB) is not None
