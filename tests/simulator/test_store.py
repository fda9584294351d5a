from __future__ import annotations

from typing import Any

from simulator.store import Objects

KEY = "NL*CPO/L1"


def location(**changes: Any) -> dict[str, Any]:
    connectors = [{"id": "1", "last_updated": "2026-01-01T00:00:00Z"}]
    evses = [
        {"uid": uid, "status": "AVAILABLE", "connectors": connectors, "last_updated": "2026-01-01T00:00:00Z"}
        for uid in ("E1", "E2")
    ]
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "L1",
        "name": "Old",
        "evses": evses,
        "last_updated": "2026-01-01T00:00:00Z",
    } | changes


def session(**changes: Any) -> dict[str, Any]:
    owner = {"country_code": "NL", "party_id": "CPO", "id": "S1"}
    return owner | {"charging_periods": [], "last_updated": "2026-01-01T00:00:00Z"} | changes


def stored(module: str, document: dict[str, Any]) -> Objects:
    objects = Objects(module)
    objects.put(document)
    return objects


class TestPut:
    def test_replaces_the_whole_object(self) -> None:
        objects = stored("locations", location())

        objects.put({**location(last_updated="2026-01-02T00:00:00Z"), "name": None})

        assert objects["nl*cpo/l1"]["name"] is None

    def test_an_older_state_does_not_replace_a_newer_one_and_is_counted(self) -> None:
        objects = stored("locations", location(last_updated="2026-01-02T00:00:00Z"))

        objects.put(location(name="Older"))

        assert objects[KEY]["name"] == "Old"
        assert objects.overtaken == 1


class TestPatch:
    def test_changes_only_the_fields_present(self) -> None:
        objects = stored("locations", location())

        objects.patch(KEY, {"name": "New", "city": None, "last_updated": "2026-01-02T00:00:00Z"})

        assert objects[KEY]["name"] == "New"
        assert "city" not in objects[KEY]
        assert len(objects[KEY]["evses"]) == 2

    def test_merges_evses_and_never_removes_one(self) -> None:
        objects = stored("locations", location())

        objects.patch(KEY, {"evses": [{"uid": "e2", "status": "CHARGING"}], "last_updated": "2026-01-02T00:00:00Z"})

        assert [one["status"] for one in objects[KEY]["evses"]] == ["AVAILABLE", "CHARGING"]

    def test_appends_charging_periods_once(self) -> None:
        objects = stored("sessions", session())
        changes = {"charging_periods": [{"start_date_time": "T1"}], "last_updated": "2026-01-02T00:00:00Z"}

        objects.patch("NL*CPO/S1", changes)
        objects.patch("NL*CPO/S1", changes)

        assert objects["NL*CPO/S1"]["charging_periods"] == [{"start_date_time": "T1"}]
        assert objects.repeated_periods == 1

    def test_of_an_unknown_object_says_so(self) -> None:
        assert not Objects("sessions").patch("NL*CPO/S1", {"last_updated": "2026-01-02T00:00:00Z"})


class TestChildren:
    def test_a_change_of_an_evse_raises_its_location(self) -> None:
        objects = stored("locations", location())

        objects.patch_child(KEY, ("E1",), {"status": "CHARGING", "last_updated": "2026-01-03T00:00:00Z"})

        assert (objects.get_child(KEY, ("E1",)) or {})["status"] == "CHARGING"
        assert objects[KEY]["last_updated"] == "2026-01-03T00:00:00Z"

    def test_a_connector_raises_evse_and_location(self) -> None:
        objects = stored("locations", location())

        objects.put_child(KEY, ("E1", "2"), {"id": "2", "last_updated": "2026-01-03T00:00:00Z"})

        assert objects.get_child(KEY, ("E1", "2")) is not None
        assert (objects.get_child(KEY, ("E1",)) or {})["last_updated"] == "2026-01-03T00:00:00Z"
        assert objects[KEY]["last_updated"] == "2026-01-03T00:00:00Z"

    def test_an_evse_below_an_unknown_location_is_not_kept(self) -> None:
        assert not Objects("locations").put_child(KEY, ("E1",), {"uid": "E1"})

    def test_a_connector_below_an_unknown_evse_is_not_kept(self) -> None:
        assert not stored("locations", location()).put_child(KEY, ("E9", "1"), {"id": "1"})
