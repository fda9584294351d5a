"""What the hub knows of locations, tokens and tariffs, as CDRs are judged by it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reconciliation.models import Rating
from reconciliation.rate import explain, rate_pending
from tariffs.models import Tariff
from tests.documents import ABSENT, cdr_document, connector_document, evse_document, location_document, tariff_document
from tests.reconciliation.rated import NIGHT, findings, store, store_location, store_owned
from tests.reconciliation.stored import NOW
from tokens.models import Token

pytestmark = pytest.mark.django_db


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
