"""The call log and the event log: never counted, searched and filtered along their keys."""

from __future__ import annotations

import re

import pytest

from management.models import LogCall, LogEvent
from tests.admin.every_page import url_of
from tests.management.cast import UID, log_call

pytestmark = pytest.mark.django_db


class TestLogs:
    @pytest.mark.parametrize(("name", "model"), [("management_logcall", LogCall), ("management_logevent", LogEvent)])
    def test_are_never_counted_when_they_are_huge(
        self, staff, rows, name, model, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr("parties.paging._get_estimate", lambda table: 987_654_321)

        with django_assert_max_num_queries(12) as captured:
            page = staff.get(url_of(name, "changelist"))

        assert page.context["cl"].result_count == 987_654_321
        assert not [
            query
            for query in captured.captured_queries
            if f'COUNT(*) AS "__count" FROM "{model._meta.db_table}"' in query["sql"]
        ]

    def test_calls_name_both_ends_and_the_object_in_few_columns(self, staff, rows):
        long_id = "a-very-long-id-that-would-push-others-out-of-sight"
        LogCall.objects.update(object_id=long_id)

        text = staff.get(url_of("management_logcall", "changelist")).content.decode()

        assert "NL*CPO → FR*MSP" in text
        assert re.search(rf'journey/\?id=corr-1"[^>]*><span class="hub-short" title="PUT locations/{long_id}">', text)
        assert 'in <span class="hub-short" title="Charge Co">' in text

    @pytest.mark.parametrize("name", ["management_logcall", "management_logevent"])
    def test_offer_no_order_but_that_of_time(self, staff, rows, name):
        text = staff.get(url_of(name, "changelist")).content.decode()

        assert re.findall(r"sortable column-(\w+)", text) == ["at"]

    @pytest.mark.parametrize(
        "query", [{"outcome": "accepted"}, {"module": "locations"}, {"leg__exact": "in"}, {"q": "NL*CPO"}]
    )
    def test_calls_are_filtered(self, staff, rows, query):
        log_call(status_code=2001, module="tariffs", leg="out", sender="decpx", receiver="itmsx")

        page = staff.get(url_of("management_logcall", "changelist"), query)

        assert page.context["cl"].result_count == 1

    @pytest.mark.parametrize(
        ("name", "text"), [("management_logcall", "loc1"), ("management_logevent", f"tokens:frmsp:{UID}")]
    )
    def test_are_searched_for_an_object_without_case(self, staff, rows, name, text):
        """TRANS-40."""
        assert staff.get(url_of(name, "changelist"), {"q": text}).context["cl"].result_count == 1

    def test_calls_are_filtered_by_date(self, staff, rows):
        url = url_of("management_logcall", "changelist")

        def count(day):
            return staff.get(url, {"at_from_0": day}).context["cl"].result_count

        assert (count("2026-11-20"), count("2026-11-21")) == (1, 0)
