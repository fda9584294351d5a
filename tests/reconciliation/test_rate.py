"""Re-rating of stored CDRs: which are judged, when again, by what, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Agreement
from cdrs.control.terms import read_setting
from cdrs.models import Cdr
from locations.models import Location
from ocpi.calls import PartyId
from reconciliation.models import Finding, Rating, State, Sweep
from reconciliation.rate import explain, rate_pending
from reconciliation.reconcile import reconcile_pending
from tariffs.models import Tariff
from tests.documents import (
    ABSENT,
    cdr_document,
    changed,
    connector_document,
    evse_document,
    location_document,
    tariff_document,
)
from tests.reconciliation.stored import ARRIVED, NOW, get_open, store_cdr, store_credit, store_session, text
from tokens.models import Token

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)
WRONG: dict[str, Any] = {"total_cost": {"excl_vat": Decimal("9.20"), "incl_vat": Decimal("11.13")}}
NIGHT: dict[str, Any] = {
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": Decimal("1.00"), "step_size": 1}],
            "restrictions": {"start_time": "22:00", "end_time": "09:30"},
        },
        {"price_components": [{"type": "ENERGY", "price": Decimal("0.50"), "step_size": 1}]},
    ]
}


def store(key: str = "c1", *, document: Any = None, **columns: Any) -> Cdr:
    body = document or cdr_document(id=key.upper())
    columns = {"total_cost": body["total_cost"]["excl_vat"], **columns}
    return store_cdr(key, document=text(body), start_at="2026-11-20T09:00:00Z", **columns)


def store_owned(model: Any, document: Any, *, key: str, **columns: Any) -> Any:
    return model.objects.create(
        **{
            "owner": "nlcpo",
            "object_key": key,
            "object_id": key.upper(),
            "document": text(document),
            "last_updated": "2026-11-01T00:00:00Z",
            "received_at": ARRIVED,
            "changed_at": ARRIVED,
        }
        | columns
    )


def store_location(document: Any = None, **columns: Any) -> Location:
    return store_owned(
        Location, document or location_document(), key="loc1", **{"time_zone": "Europe/Amsterdam", **columns}
    )


def findings() -> set[tuple[str, str, str]]:
    return {(one.kind, one.path, one.severity) for one in Finding.objects.filter(state="open")}


class TestRatePending:
    def test_keeps_what_it_comes_to_and_what_is_claimed(self):
        store()

        assert rate_pending(now=NOW) == 1

        rating = Rating.objects.get()
        assert (rating.owner, rating.cdr_key, rating.verdict) == ("nlcpo", "c1", "match")
        assert (rating.computed_excl_vat, rating.claimed_excl_vat) == (Decimal("4.203500"), Decimal("4.200000"))
        assert (rating.computed_incl_vat, rating.claimed_incl_vat) == (Decimal("5.086235"), Decimal("5.080000"))
        assert findings() == set()

    def test_raises_what_somebody_should_look_at(self):
        store(document=cdr_document(**WRONG))

        rate_pending(now=NOW)

        finding = Finding.objects.get(kind="total_cost_mismatch")
        assert (finding.path, finding.severity, finding.session_key) == ("/total_cost", "hold", "s1")
        assert finding.expected == "4.2035 excl. VAT, 5.0862 incl. VAT"
        assert finding.actual == "9.2 excl. VAT, 11.13 incl. VAT"
        assert Rating.objects.get().verdict == "mismatch"

    def test_leaves_the_cdr_as_it_is(self):
        before = store()

        rate_pending(now=NOW)

        assert Cdr.objects.values().get() == {name: getattr(before, name) for name in Cdr.objects.values().get()} | {
            "start_at": Cdr.objects.get().start_at
        }

    def test_judges_each_once(self):
        store("c1")
        store("c2")

        assert rate_pending(now=NOW) == 2
        assert rate_pending(now=NOW) == 0
        assert rate_pending(now=LATER) == 0

    def test_goes_on_where_a_limit_ended(self):
        for number in range(5):
            store(f"c{number}")

        assert [rate_pending(now=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
        assert Rating.objects.count() == 5

    def test_sees_what_became_visible_late(self):
        store("c1", changed_at=NOW)
        rate_pending(now=NOW)
        store("c2", changed_at=NOW - timedelta(seconds=20))

        assert rate_pending(now=NOW + timedelta(seconds=5)) == 1

    def test_judges_a_body_that_was_replaced(self):
        cdr = store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        Cdr.objects.filter(pk=cdr.pk).update(document=text(cdr_document()), changed_at=NOW)

        assert rate_pending(now=LATER) == 1

        assert Rating.objects.get().verdict == "match"
        assert {one.state for one in Finding.objects.all()} == {"explained"}

    def test_judges_all_again_by_a_new_policy_of_the_hub(self, settings):
        store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        settings.HUB_CONTROL = read_setting('{"severities": {"total_cost_mismatch": "flag"}}')

        assert rate_pending(now=LATER) == 1
        assert rate_pending(now=LATER) == 0

        assert ("total_cost_mismatch", "/total_cost", "flag") in findings()
        assert Sweep.objects.filter(name__startswith="control").count() == 2

    def test_judges_by_the_agreement_that_held_when_it_came(self):
        terms = {"severities": {"total_cost_mismatch": "reject"}}
        parties: dict[str, Any] = {"provider": PartyId("NL", "CPO"), "consumer": PartyId("FR", "MSP")}
        parties["modules"] = ["cdrs"]
        begins = ARRIVED - timedelta(days=1)
        one = Agreement.conclude(**parties, valid_from=begins, cdr_control=terms, now=begins)
        Agreement.objects.filter(pk=one.pk).update(created_at=begins, valid_until=ARRIVED + timedelta(minutes=1))
        store("c1", document=cdr_document(id="C1", **WRONG))
        store("c2", document=cdr_document(id="C2", **WRONG), changed_at=ARRIVED + timedelta(minutes=2))
        store("c3", document=cdr_document(id="C3", **WRONG), token_owner="itmsx")

        rate_pending(now=NOW)

        verdicts = dict(Rating.objects.values_list("cdr_key", "verdict"))
        assert verdicts == {"c1": "reject", "c2": "mismatch", "c3": "mismatch"}

    def test_passes_over_what_bills_nobody(self):
        store("c1", is_verified=False)
        store("c2", deleted_at=NOW)
        store("c3", audience="frmsp")

        assert rate_pending(now=NOW) == 0

    def test_asks_the_database_no_more_for_many_than_for_one(self):
        store_location()
        store("c0")
        with CaptureQueriesContext(connection) as one:
            rate_pending(now=NOW)
        for number in range(1, 20):
            store(f"c{number}", changed_at=LATER)
        with CaptureQueriesContext(connection) as many:
            rate_pending(now=LATER)

        assert len(many) <= len(one)

    def test_does_not_stumble_over_nonsense(self):
        nonsense = {"total_cost": {"excl_vat": 10**14, "incl_vat": -(10**14)}, "charging_periods": [None]}
        store_cdr("c1", document=text(cdr_document() | nonsense))
        store_cdr("c2", document='{"charging_periods": [}')
        store_cdr("c3", document="[]")

        assert rate_pending(now=NOW) == 3
        assert {one.verdict for one in Rating.objects.all()} == {"reject"}

    def test_keeps_no_token_in_a_finding(self):
        store(document=changed(cdr_document(), cdr_token={"uid": ["0123456789ABCD"], "contract_id": "Ü" * 40}))

        rate_pending(now=NOW)

        found = Finding.objects.filter(path__startswith="/cdr_token")
        assert found
        assert not any("0123" in one.message + one.actual + one.expected for one in found)


class TestFindings:
    @pytest.mark.parametrize("state", [State.ACCEPTED, State.CLOSED, State.DISPUTED])
    def test_stay_as_people_judged_them_while_they_are_the_same(self, state, settings):
        store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        Finding.objects.get(kind="total_cost_mismatch").judge(state, note="we know", now=NOW)
        settings.HUB_CONTROL = read_setting('{"tolerances": {"total": 2}}')

        rate_pending(now=LATER)

        finding = Finding.objects.get(kind="total_cost_mismatch")
        assert (finding.state, finding.note) == (state, "we know")

    def test_are_opened_again_by_another_difference(self):
        cdr = store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        Finding.objects.get(kind="total_cost_mismatch").judge(State.ACCEPTED, note="", now=NOW)
        worse = cdr_document(total_cost={"excl_vat": Decimal("19.20"), "incl_vat": Decimal("21.13")})
        Cdr.objects.filter(pk=cdr.pk).update(document=text(worse), changed_at=NOW)

        rate_pending(now=LATER)

        assert Finding.objects.get(kind="total_cost_mismatch").state == "open"

    def test_of_comparing_and_of_control_leave_each_other_alone(self):
        store_session(kwh=Decimal(99))
        store(document=cdr_document(**WRONG))

        rate_pending(now=NOW)
        reconcile_pending(now=NOW)
        Rating.objects.all().delete()
        rate_pending(now=NOW)

        assert {("energy_differs", "C1"), ("total_cost_mismatch", "C1")} <= set(get_open())

    def test_end_when_the_cdr_is_taken_back_to_the_cent(self):
        store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        assert findings()
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}", changed_at=LATER)

        rate_pending(now=LATER)

        assert findings() == set()

    @pytest.mark.parametrize(
        "taken_back",
        [
            {"total_cost": Decimal("-5.00")},
            {"total_cost_incl": Decimal("0")},
            {"total_cost_incl": None},
            {"currency": "CHF"},
        ],
    )
    def test_stay_when_anything_else_was_taken_back(self, taken_back):
        store(document=cdr_document(**WRONG), total_cost_incl=Decimal("11.13"))
        mirror = {"total_cost": Decimal("-9.20"), "total_cost_incl": Decimal("-11.13")}
        store_credit("c2", of="c1", document="{}", **(mirror | taken_back))

        rate_pending(now=NOW)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()
        assert Finding.objects.filter(cdr_key="c2", severity="reject").exists()

    def test_stay_when_only_a_wrong_credit_was_taken_back(self):
        store(document=cdr_document(**WRONG))
        store_credit("c2", of="c1", total_cost=Decimal("-0.01"), document="{}")
        store_credit("c3", of="c2", total_cost=Decimal("0.01"), document="{}")

        rate_pending(now=NOW)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()
        assert {one.cdr_key for one in Finding.objects.filter(state="open")} == {"c1", "c2", "c3"}

    def test_come_back_when_the_credit_is_none_any_more(self):
        """One that no receiver has accepted may be replaced (CDR-05)."""
        store(document=cdr_document(**WRONG))
        credit = store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")
        rate_pending(now=NOW)
        assert findings() == set()

        Cdr.objects.filter(pk=credit.pk).update(total_cost=Decimal("-0.01"), changed_at=NOW)
        rate_pending(now=LATER)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()

    def test_end_of_a_credit_that_came_before_what_it_takes_back(self):
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")
        rate_pending(now=NOW)
        assert findings()

        store(document=cdr_document(**WRONG), changed_at=NOW)
        assert rate_pending(now=LATER) == 1

        assert findings() == set()

    def test_are_none_of_a_cdr_that_was_taken_back_before(self):
        store(document=cdr_document(**WRONG))
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")

        rate_pending(now=NOW)

        assert findings() == set()
        assert Rating.objects.count() == 2


class TestSurroundings:
    def test_take_the_zone_of_the_hubs_location(self):
        """10:00 in Amsterdam, 9:00 in UTC; and Portugal's zone is not the Netherlands'."""
        store_location(time_zone="Europe/Lisbon")
        cdr = store(document=cdr_document(tariffs=[tariff_document(**NIGHT)]))

        explained = explain(cdr)

        assert explained.result.time_zone == "Europe/Lisbon"
        assert explained.result.totals["total_cost"].excl_vat == Decimal("12.345")

    def test_of_a_strangers_location_do_not_count(self):
        store_location(owner="decpx", time_zone="Europe/Lisbon")

        assert explain(store()).around.time_zone is None

    @pytest.mark.parametrize(("watts", "is_found"), [(11_000, True), (22_000, False)])
    def test_know_what_a_connector_can_give(self, watts, is_found):
        plug = connector_document(max_electric_power=watts)
        store_location(location_document(evses=[evse_document(uid="evse1", connectors=[plug])]))
        store()

        rate_pending(now=NOW)

        assert (("energy_implausible", "/total_energy", "hold") in findings()) is is_found

    def test_know_the_tariff_of_the_start(self):
        dearer = tariff_document()
        dearer["elements"][0]["price_components"][1] |= {"price": Decimal("0.40")}
        store_owned(Tariff, dearer, key="t1")
        store()

        rate_pending(now=NOW)

        assert findings() == {("tariff_differs_from_known", "/tariffs/0", "flag")}
        assert Rating.objects.get().computed_excl_vat == Decimal("4.203500")  # by the CDR's own

    def test_say_nothing_of_a_tariff_that_is_younger_than_the_session(self):
        other = tariff_document(currency="EUR", elements=NIGHT["elements"])
        store_owned(Tariff, other, key="t1", last_updated="2026-11-20T09:00:01Z")
        store()

        rate_pending(now=NOW)

        assert findings() == set()

    def test_take_the_variant_of_the_tokens_owner_before_the_one_for_all(self):
        store_owned(Tariff, tariff_document(**NIGHT), key="t1")
        store_owned(Tariff, tariff_document(), key="t1", audience="frmsp")
        store_owned(Tariff, tariff_document(**NIGHT), key="t1", audience="itmsx")
        store()

        rate_pending(now=NOW)

        assert findings() == set()

    def test_price_a_cdr_that_holds_no_tariff(self):
        store_owned(Tariff, tariff_document(), key="t1")
        store(document=cdr_document(tariffs=ABSENT))

        rate_pending(now=NOW)

        assert Rating.objects.get().verdict == "match"

    def test_name_a_location_and_a_token_that_their_owners_have_not_told(self):
        store_location(object_key="another")
        store_owned(Token, {}, key="x:rfid", owner="frmsp", uid_key="x", type="RFID")
        store()

        rate_pending(now=NOW)

        assert findings() == {
            ("location_unknown", "/cdr_location/id", "flag"),
            ("token_unknown", "/cdr_token/uid", "flag"),
        }

    def test_miss_nothing_of_those_who_tell_nothing(self):
        store()

        rate_pending(now=NOW)

        assert findings() == set()
