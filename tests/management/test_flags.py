from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cdrs.models import Cdr
from charging_profiles.models import Setting
from tests.management.cast import make_client

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def make_cdr(**columns: Any) -> Cdr:
    base = {"owner": "nlcpo", "object_key": "c1", "object_id": "C1", "audience": "", "version": "2.2.1"}
    figures = {"start_at": NOW, "end_at": NOW, "total_energy": 1, "total_cost": 1, "currency": "EUR"}
    times = {"last_updated": NOW, "received_at": NOW, "changed_at": NOW}
    return Cdr.objects.create(**base | {"document": "{}", "token_owner": "frmsp"} | figures | times | columns)


def make_setting(sender: str, **columns: Any) -> Setting:
    base = {"token": f"{sender}-1", "receiver": "nlcpo", "session_key": "s1", "sender": sender, "asked_at": NOW}
    return Setting.objects.create(**base | columns)


@pytest.fixture
def get() -> Callable[[str], Any]:
    client = make_client()
    return lambda query: client.get(f"/api/flags/?{query}")


class TestFlags:
    def test_of_one_object_are_listed(self, get):  # CDR-07, CDR-16
        make_cdr(flags="total_cost: is negative\nend_date_time: is unknown")

        assert get("party=NL*CPO&object_id=c1").json() == [
            {
                "module": "cdrs",
                "owner": "NL*CPO",
                "object_id": "C1",
                "flags": ["total_cost: is negative", "end_date_time: is unknown"],
            }
        ]

    @pytest.mark.parametrize("query", ["party=NL*CPO&object_id=C2", "party=DE*CPX&object_id=C1"])
    def test_of_others_are_not(self, get, query):
        make_cdr(flags="total_cost: is negative")

        assert get(query).json() == []

    def test_what_is_not_odd_is_not_listed(self, get):
        make_cdr()

        assert get("party=NL*CPO&object_id=C1").json() == []

    def test_a_second_sender_of_profiles_is_one(self, get):  # CP-12
        make_setting("frmsp")
        assert get("party=NL*CPO&object_id=S1").json() == []

        make_setting("descp", refused_at=NOW)
        assert get("party=NL*CPO&object_id=S1").json() == []

        make_setting("itscp")
        (found,) = get("party=NL*CPO&object_id=S1").json()

        assert found["module"] == "chargingprofiles"
        assert "FR*MSP, IT*SCP" in found["flags"][0]

    @pytest.mark.parametrize("query", ["party=NL*CPO", "object_id=C1", "party=x&object_id=C1"])
    def test_need_an_owner_and_an_id(self, get, query):
        assert get(query).status_code == 400

    def test_need_the_scope(self):
        assert make_client("traffic:read").get("/api/flags/?party=NL*CPO&object_id=C1").status_code == 403
