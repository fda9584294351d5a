"""Tariffs at the running hub: withdrawn ones, and what they must not lose (TAR-02 to TAR-10)."""

from __future__ import annotations

import msgspec
import pytest

from tests.conftest import Cast
from tests.documents import ABSENT, as_json, connector_document, evse_document, location_document, tariff_document
from tests.live.partner import Partner, get_code

AT, LATER, LAST = "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"


def put(cast: Cast, *, to: str = "NL*HUB", **changes):
    return cast.cpo.call("PUT", "tariffs", "NL/CPO/T1", body=as_json(tariff_document(**changes)), to=to)


def delete(cast: Cast, id: str = "T1", *, to: str = "NL*HUB"):
    return cast.cpo.call("DELETE", "tariffs", f"NL/CPO/{id}", to=to)


def put_location(cast: Cast, *tariff_ids: str) -> None:
    connectors = [connector_document(tariff_ids=list(tariff_ids))]
    document = location_document(evses=[evse_document(connectors=connectors)], name="T1")
    cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(document), to="NL*HUB")


def get_all(cast: Cast):
    return cast.emsp.call("GET", "tariffs", interface="sender", to="NL*HUB").json()["data"]


class TestDelete:
    def test_removes_it_for_good_and_tells_it_on(self, cast: Cast):  # TAR-03, ROUTE-32
        put(cast)
        cast.hub.deliver()

        deleted = delete(cast)
        cast.hub.deliver()

        assert (deleted.status_code, get_code(deleted)) == (200, 1000)
        assert "status_message" not in deleted.json()
        assert cast.cpo.call("GET", "tariffs", "NL/CPO/T1", to="NL*HUB").status_code == 404
        assert [(seen.method, seen.path) for seen in cast.emsp.seen] == [
            ("PUT", "/receiver/tariffs/NL/CPO/T1"),
            ("DELETE", "/receiver/tariffs/NL/CPO/T1"),
        ]

    @pytest.mark.parametrize("body", [b"\xff", b"\x00"], ids=["not UTF-8", "NUL"])
    def test_does_not_look_at_a_body(self, cast: Cast, body: bytes):  # TAR-03
        put(cast)
        cast.hub.deliver()

        answer = cast.cpo.call("DELETE", "tariffs", "NL/CPO/T1", body=body, to="NL*HUB")
        cast.hub.deliver()

        assert (answer.status_code, get_code(answer)) == (200, 1000)
        assert [(seen.method, seen.body) for seen in cast.emsp.seen[1:]] == [("DELETE", b"")]

    def test_of_an_unknown_one_is_refused(self, cast: Cast):  # AMB-57
        answer = delete(cast, "T9")

        assert (answer.status_code, get_code(answer)) == (404, 2001)

    def test_warns_while_a_connector_names_it(self, cast: Cast):  # TAR-04
        put(cast)
        put_location(cast, "T0", "t1")

        answer = delete(cast)

        assert (answer.status_code, get_code(answer)) == (200, 1000)
        assert "LOC1" in answer.json()["status_message"]
        assert get_all(cast) == []

    def test_does_not_warn_of_the_same_text_elsewhere(self, cast: Cast):  # TAR-04
        put(cast)
        put_location(cast, "T11")

        assert "status_message" not in delete(cast).json()

    def test_makes_room_for_a_new_one(self, cast: Cast):  # TRANS-13
        first = put(cast)
        delete(cast)
        again = put(cast)
        same = put(cast)

        assert [answer.status_code for answer in (first, again, same)] == [201, 201, 200]
        assert len(get_all(cast)) == 1

    def test_outlives_an_older_state(self, cast: Cast):  # TAR-03, LOC-16
        put(cast, last_updated=LATER)
        delete(cast)

        answer = put(cast, last_updated=AT)

        assert get_code(answer) == 1000
        assert answer.json()["status_message"] == "the hub has had a newer state: this one changes nothing"
        assert get_all(cast) == []


class TestPut:
    @pytest.mark.parametrize("dates", [
        {"start_date_time": "2036-01-01T00:00:00Z"},
        {"end_date_time": "2020-01-01T00:00:00Z"},
    ], ids=["not yet valid", "expired"])  # fmt: skip
    def test_is_told_and_served_whatever_its_dates(self, cast: Cast, dates: dict[str, str]):  # TAR-10
        put(cast, **dates)
        cast.hub.deliver()

        assert len(cast.emsp.seen) == 1
        assert len(get_all(cast)) == 1

    def test_keeps_absent_what_was_absent(self, cast: Cast):  # TAR-07, TAR-08
        elements = [{"price_components": [{"type": "ENERGY", "price": 1, "step_size": 0}]}]

        put(cast, type=ABSENT, elements=elements)
        (tariff,) = get_all(cast)

        assert "type" not in tariff
        assert tariff["elements"] == elements


def hear(partner: Partner) -> list[str]:
    """What a partner holds that does as it is told, and takes no older state for a newer one (LOC-16)."""
    held: list[str] = []
    for seen in partner.seen:
        told = [] if seen.method == "DELETE" else [msgspec.json.decode(seen.body)["last_updated"]]
        held = told if told >= held or not told else held
    return held


class TestVariant:
    """A tariff that was sent to one party by itself, beside the one that all are told (decision 2)."""

    @pytest.mark.parametrize("steps", [
        [("all", AT), ("emsp", LATER)],
        [("emsp", LATER), ("all", AT)],
        [("emsp", LATER), ("all", LAST)],
        [("all", AT), ("emsp", LATER), ("all", LAST), ("emsp", LAST)],
        [("all", LAST), ("emsp", LATER)],
        [("all", AT), ("emsp", LATER), ("emsp", None)],
        [("all", AT), ("emsp", LATER), ("emsp", None), ("all", LAST)],
        [("all", AT), ("emsp", LATER), ("emsp", None), ("all", LAST), ("emsp", None)],
        [("all", LAST), ("emsp", LATER), ("emsp", None)],
        [("all", AT), ("emsp", None)],
        [("all", AT), ("emsp", None), ("all", LATER)],
        [("all", AT), ("emsp", LATER), ("all", None)],
        [("all", AT), ("emsp", LATER), ("all", None), ("emsp", LAST)],
        [("all", AT), ("emsp", LAST), ("all", AT)],
        [("all", AT), ("emsp", LAST), ("all", LATER)],
        [("all", LATER), ("emsp", LAST), ("all", AT)],
        [("all", LATER), ("emsp", LAST), ("emsp", None), ("all", AT)],
        [("all", LATER), ("emsp", LAST), ("emsp", None), ("all", LATER)],
        [("all", LATER), ("emsp", LAST), ("all", None), ("all", AT)],
        [("emsp", LATER), ("emsp", None), ("all", AT)],
        [("emsp", LATER), ("emsp", None), ("emsp", AT)],
    ], ids=lambda steps: " ".join(f"{to}-{(at or 'gone')[11:13] or 'gone'}" for to, at in steps))  # fmt: skip
    def test_is_listed_if_its_party_heard_it_last(self, cast: Cast, steps: list[tuple[str, str | None]]):
        for to, at in steps:
            party = "NL*HUB" if to == "all" else "FR*MSP"
            answer = delete(cast, to=party) if at is None else put(cast, to=party, last_updated=at)
            assert get_code(answer) == 1000
            cast.hub.deliver()

        listed = cast.emsp.call("GET", "tariffs", interface="sender", to="NL*HUB")

        assert [tariff["last_updated"] for tariff in listed.json()["data"]] == hear(cast.emsp)
        assert listed.headers["X-Total-Count"] == str(len(hear(cast.emsp)))


@pytest.mark.parametrize(("method", "interface", "path"), [
    ("PATCH", "receiver", "NL/CPO/T1"), ("POST", "receiver", "NL/CPO/T1"), ("PUT", "sender", ""),
])  # fmt: skip
def test_methods_that_are_not_offered(cast: Cast, method: str, interface: str, path: str):  # TAR-01, TAR-02
    answer = cast.cpo.call(method, "tariffs", path, interface=interface, body={})

    assert (answer.status_code, get_code(answer)) == (405, 2000)
    assert "GET" in answer.headers["Allow"]
