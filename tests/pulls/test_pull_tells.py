"""What others hear of what the hub has read."""

from __future__ import annotations

from typing import Any

import pytest

from agreements.models import Agreement
from journal.models import Event
from ocpi.calls import Delivery
from tests.conftest import Cast, make_agreement
from tests.documents import (
    as_json,
    cdr_document,
    location_document,
    session_document,
    tariff_document,
    token_document,
)
from tests.pulls.lists import Lists, get_ids, get_pushed, pull

LATER = "2026-11-21T10:00:00Z"


class TestTelling:
    def test_partners_hear_of_what_changed_and_the_owner_does_not(self, cast: Cast):
        """ROUTE-23, ROUTE-33."""
        lists = Lists(cast.cpo, pages={"locations": [[location_document()]]})
        pull(cast.cpo)
        assert get_pushed(cast) == ["PUT /receiver/locations/NL/CPO/LOC1"]

        again = pull(cast.cpo)

        assert (again.stored, again.unchanged) == (0, 1)
        assert len(get_pushed(cast)) == 1
        lists.pages["locations"] = [[location_document(name="changed", last_updated=LATER)]]
        pull(cast.cpo)
        assert len(get_pushed(cast)) == 2
        assert [seen.method for seen in cast.cpo.seen] == ["GET"] * 3
        assert not [seen for seen in cast.other_emsp.seen if seen.method == "PUT"]

    def test_a_platform_hears_no_echo_in_another_role(self, cast: Cast, new_partner: Any):
        """ROUTE-33."""
        mixed = new_partner(("AT*ONE", "CPO"), ("AT*TWO", "EMSP"))
        make_agreement("AT*ONE", "AT*TWO")
        make_agreement("AT*ONE", "FR*MSP")
        cast.hub.settle()
        cast.hub.deliver()
        Lists(mixed, pages={"locations": [[location_document(owner="AT*ONE")]]})

        pull(mixed)

        assert get_pushed(cast) == ["PUT /receiver/locations/AT/ONE/LOC1"]
        assert [seen.method for seen in mixed.seen] == ["GET"]

    def test_what_was_pushed_before_is_no_news(self, cast: Cast):
        cast.cpo.call("PUT", "tariffs", "NL/CPO/T1", body=b" " + write_tariff())
        Lists(cast.cpo, pages={"tariffs": [[tariff_document()]]})

        assert pull(cast.cpo, "tariffs").unchanged == 1
        assert Event.objects.count() == 1

    def test_a_token_is_pushed_with_its_type(self, cast: Cast):
        """TOK-03."""
        Lists(cast.emsp, pages={"tokens": [[token_document(), token_document(uid="T2", type="APP_USER")]]})

        pull(cast.emsp, "tokens")

        cast.hub.deliver()
        pushed = sorted(seen.path for seen in cast.cpo.seen if seen.method == "PUT")
        assert pushed == ["/receiver/tokens/FR/MSP/T2?type=APP_USER", "/receiver/tokens/FR/MSP/TOKEN1"]

    @pytest.mark.parametrize("module", ["sessions", "cdrs"])
    def test_sessions_and_cdrs_are_served_to_the_token_s_owner_only(self, cast: Cast, module: str):
        document = session_document if module == "sessions" else cdr_document
        objects = [document(id="X1"), document(id="X2", token_owner="IT*MSX")]
        Lists(cast.cpo, pages={module: [objects]})

        done = pull(cast.cpo, module)

        assert done.stored == 2
        assert get_ids(cast.emsp, module, "?date_from=2026-01-01T00:00:00Z") == ["X1"]
        assert get_ids(cast.other_emsp, module, "?date_from=2026-01-01T00:00:00Z") == []
        assert get_pushed(cast) == []

    @pytest.mark.parametrize(
        ("module", "pushed"), [("sessions", "PUT /receiver/sessions/NL/CPO/X1"), ("cdrs", "POST /receiver/cdrs")]
    )
    def test_where_delivery_was_promised_they_are_told(self, cast: Cast, module: str, pushed: str):
        Agreement.objects.update(delivery=Delivery.STORE_AND_FORWARD)
        cast.hub.settle()
        document = session_document if module == "sessions" else cdr_document
        Lists(cast.cpo, pages={module: [[document(id="X1"), document(id="X2", token_owner="IT*MSX")]]})

        pull(cast.cpo, module)
        pull(cast.cpo, module)

        assert get_pushed(cast) == [pushed]
        assert not [seen for seen in cast.other_emsp.seen if seen.method != "GET"]

    def test_a_cdr_with_other_content_does_not_replace_one_that_was_accepted(self, cast: Cast):
        """CDR-04."""
        cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()))
        Lists(cast.cpo, pages={"cdrs": [[cdr_document(remark="other")]]})

        done = pull(cast.cpo, "cdrs")

        assert (done.stored, done.invalid) == (0, 1)
        assert "CDR-05" in done.last_error


def write_tariff() -> bytes:
    return as_json(tariff_document())
