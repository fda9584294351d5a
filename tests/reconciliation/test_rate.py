"""Re-rating of stored CDRs: which are judged, when again, and by what."""

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
from ocpi.calls import PartyId
from reconciliation.models import Finding, Rating, Sweep
from reconciliation.rate import rate_pending
from tests.documents import cdr_document, changed
from tests.reconciliation.rated import WRONG, findings, store, store_location
from tests.reconciliation.stored import ARRIVED, NOW, store_cdr, text

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


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
