"""Pages say things in people's words, not as they are stored."""

from __future__ import annotations

import re

import pytest
from django.apps import apps

from agreements.models import Agreement
from management.models import LogCall, LogEvent
from reconciliation.models import Finding
from settlement.models import Statement
from settlement.statement_page import say_category
from tests.admin.every_page import ALL, url_of
from tests.management.cast import log_event
from tests.reconciliation.disputed import make_dispute

pytestmark = pytest.mark.django_db


def get_page(staff, name, key) -> str:
    return staff.get(url_of(name, "change", key)).content.decode()


class TestChoices:
    def test_are_never_shown_as_they_are_stored(self):
        shown = [
            f"{model._meta.label}.{field.name}: {label}"
            for model in apps.get_models()
            for field in model._meta.fields
            for _, label in field.flatchoices
        ]

        assert [choice for choice in shown if "_" in choice.partition(": ")[2]] == []


class TestPages:
    @pytest.mark.parametrize("name", ALL)
    def test_never_name_a_party_by_its_stored_key(self, staff, rows, name):
        page = get_page(staff, name, rows[name])

        assert re.findall(r">\s*(nlcpo|nlhub|frmsp|decpx|itmsp)\s*<", page) == []

    def test_of_events_name_the_object_of_a_post(self, staff):
        log_event(method="POST", module="cdrs", path="", object_key="cdrs:nlcpo:c4711")

        assert "cdrs:nlcpo:c4711" in staff.get(url_of("management_logevent", "changelist")).content.decode()

    def test_of_a_finding_name_its_rule_beside_its_words(self, staff, rows):
        Finding.objects.update(kind="session_without_cdr")

        page = get_page(staff, "reconciliation_finding", rows["reconciliation_finding"])
        lines = staff.get(url_of("reconciliation_finding", "changelist")).content.decode()

        assert "session without CDR" in page
        assert "session_without_cdr" in page.split("as settings and the API name it")[1]
        assert "session_without_cdr" not in lines.split("<tbody")[1].split("</table>")[0]

    def test_of_a_statement_say_what_its_vat_is(self, staff, rows):
        statement = Statement.objects.get(pk=rows["settlement_statement"])

        page = get_page(staff, "settlement_statement", statement.pk)

        assert statement.get_vat_treatment_display() in page
        assert "by line" in page  # its lines differ
        assert say_category("AE") == "reverse charge (AE)"

    def test_of_an_agreement_say_how_each_module_is_delivered(self, staff, rows):
        Agreement.objects.update(delivery_by_module={"cdrs": "store_and_forward"})

        page = get_page(staff, "agreements_agreement", rows["agreements_agreement"])

        assert "cdrs: store and forward" in page
        assert "as for everybody" in page  # its CDR control

    def test_of_a_call_say_what_the_hub_did(self, staff, rows):
        LogCall.objects.update(decision="response_url", event=rows["management_logevent"])

        page = get_page(staff, "management_logcall", rows["management_logcall"])

        assert "The later result of a command" in page
        assert url_of("management_logevent", "change", rows["management_logevent"]) in page

    def test_of_a_call_say_that_its_event_is_gone(self, staff, rows):
        LogCall.objects.update(event=4711)

        assert "4711, no longer in the log" in get_page(staff, "management_logcall", rows["management_logcall"])

    def test_of_an_event_name_the_platform_it_came_from(self, staff, rows):
        LogEvent.objects.update(origin=rows["parties_platform"])

        assert "Charge Co" in get_page(staff, "management_logevent", rows["management_logevent"])

    def test_of_a_dispute_say_what_becomes_of_the_cdr(self, staff):
        held, settled = make_dispute(), make_dispute(state="decided", is_holding=False, outcome="stands")

        assert "is kept out of statements" in get_page(staff, "reconciliation_dispute", held.pk)
        assert "may be settled" in get_page(staff, "reconciliation_dispute", settled.pk)
