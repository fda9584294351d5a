"""What is kept of a disputed CDR."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from charging_sessions.models import Session
from locations.models import Location
from reconciliation.disputes import open_dispute
from tests.documents import as_json, cdr_document, location_document
from tests.management.cast import NOW as LOGGED_AT
from tests.management.cast import log_call, log_event
from tests.reconciliation.disputed import BEYOND_BOUNDS, EMSP, open_it, store_disputed
from tests.reconciliation.stored import NOW, store_cdr

pytestmark = pytest.mark.django_db


class TestEvidence:
    def test_is_as_told_at_that_time(self):
        cdr = store_disputed()
        told = cdr.document
        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        type(cdr).objects.update(document="{}")

        kinds = dict(dispute.evidence.values_list("kind", "content"))
        assert kinds["cdr"] == told
        assert json.loads(kinds["session"])["id"] == "S1"

    def test_prices_line_by_line(self):
        dispute = open_it()

        report = json.loads(dispute.evidence.get(kind="price").content)
        assert report["computed"]["total_cost"]["excl_vat"] == 4.2035
        assert [line["dimension"] for period in report["periods"] for line in period["lines"]]

    def test_holds_signed_data_as_told(self):
        document = cdr_document(signed_data={"encoding_method": "OCMF", "signed_values": []})
        cdr = store_cdr(document=as_json(document).decode())

        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        assert json.loads(dispute.evidence.get(kind="signed_data").content)["encoding_method"] == "OCMF"

    def test_holds_the_calls_between_these_two_only(self):
        log_call(module="sessions", object_id="S1", sender="nlcpo", receiver="frmsp", message="internal")
        log_call(module="sessions", object_id="S1", sender="nlcpo", receiver="itmsx")
        log_call(module="sessions", object_id="S1", sender="decpx", receiver="frmsp")
        later = {"module": "sessions", "at": LOGGED_AT + timedelta(seconds=1)}
        log_event(**later, object_key="sessions:nlcpo:s1", body='{"kwh": 1.500}')
        log_event(**later, object_key="sessions:decpx:s1", body='{"kwh": 9}')

        content = open_it().evidence.get(kind="history").content

        told = {(line.get("sender"), line.get("receiver")) for line in json.loads(content)}
        assert told == {("nlcpo", "frmsp"), (None, None)}
        assert '{"kwh": 1.500}' in content
        assert '{"kwh": 9}' not in content
        assert "internal" not in content

    def test_leaves_out_a_session_of_another_token(self):
        cdr = store_disputed()
        Session.objects.update(token_owner="itmsx")

        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        assert not dispute.evidence.filter(kind="session").exists()

    @pytest.mark.parametrize(
        "document",
        ["{}", "[]", "nonsense", '{"total_cost": 7}', BEYOND_BOUNDS, '{"x":' + "[" * 5000 + "]" * 5000 + "}"],
    )
    def test_is_collected_whatever_the_document_is(self, document):
        dispute = open_dispute(store_cdr(document=document), actor=EMSP, reason="x", now=NOW)

        assert dispute.evidence.get(kind="price")


class TestTimeZone:
    def test_is_that_of_the_hubs_location(self):
        Location.objects.create(
            owner="nlcpo",
            object_key="loc1",
            object_id="LOC1",
            document=as_json(location_document()).decode(),
            last_updated=NOW,
            received_at=NOW,
            changed_at=NOW,
            time_zone="Europe/Amsterdam",
        )

        assert json.loads(open_it().evidence.get(kind="price").content)["time_zone"] == "Europe/Amsterdam"
