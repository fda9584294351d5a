"""Agreements in the admin: entered, imported and ended."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse

from agreements.models import Agreement
from tests.management.cast import NOW, make_agreement

pytestmark = pytest.mark.django_db


class TestAgreements:
    FORM = {
        "provider": "NL*CPO",
        "consumer": "fr-msp",
        "modules": ["locations", "cdrs"],
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
        "delivery": "relay",
        "delivery_cdrs": "store_and_forward",
    }

    def enter(self, client, **changes):
        return client.post(reverse("admin:agreements_agreement_enter"), self.FORM | changes)

    def test_are_entered(self, staff):
        answer = self.enter(staff)

        agreement = Agreement.objects.get()
        assert answer.status_code == 302
        assert (str(agreement.provider), agreement.consumer.key) == ("NL*CPO", "frmsp")
        assert agreement.delivery_by_module == {"cdrs": "store_and_forward"}

    def test_are_asked_for_with_an_example_of_each_side(self, staff):
        page = staff.get(reverse("admin:agreements_agreement_enter")).content.decode()

        assert 'placeholder="NL*CPO"' in page
        assert 'placeholder="FR*MSP"' in page

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"provider": "x"}, "is not a party"),
            ({"consumer": "NL*CPO"}, "same party"),
            ({"modules": []}, "required"),
            ({"delivery_tariffs": "relay"}, "tariffs"),
        ],
    )
    def test_must_make_sense(self, staff, changes, says):
        answer = self.enter(staff, **changes)

        assert says in answer.content.decode()
        assert not Agreement.objects.exists()

    def send(self, client, text):
        file = BytesIO(text if isinstance(text, bytes) else text.encode())
        file.name = "agreements.csv"
        return client.post(reverse("admin:agreements_agreement_import_csv"), {"file": file})

    def test_are_imported(self, staff):
        answer = self.send(staff, "provider,consumer,modules,valid_from\nNL*CPO,FR*MSP,locations cdrs,2026-01-01\n")

        assert answer.status_code == 302
        assert Agreement.objects.get().modules == ["locations", "cdrs"]

    def test_are_imported_all_or_none_with_the_line_named(self, staff):
        lines = "NL*CPO,FR*MSP,locations,2026-01-01\nNL*CPO,FR*MSP,locations,soon\n"

        answer = self.send(staff, "provider,consumer,modules,valid_from\n" + lines)

        assert "Line 3" in answer.content.decode()
        assert not Agreement.objects.exists()

    def test_are_imported_from_utf8_only(self, staff):
        assert "UTF-8" in self.send(staff, b"\xff\xfe").content.decode()

    def test_are_ended(self, staff):
        agreement = make_agreement()

        staff.post(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]), {"confirmed": "yes"})

        assert Agreement.objects.get().valid_until is not None

    def test_are_ended_once(self, staff):
        agreement = make_agreement(valid_until=NOW)

        answer = staff.post(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]), follow=True)

        assert "nothing was changed. It ended on 2026-11-20 12:00:00 UTC." in answer.content.decode()
        assert Agreement.objects.get().valid_until == NOW

    def test_say_before_they_are_ended_which_others_go_on(self, staff):
        agreement, other = make_agreement(), make_agreement(delivery="store_and_forward")

        page = staff.get(reverse("admin:agreements_agreement_end_now", args=[agreement.pk])).content.decode()

        assert f"covers modules of this one, too: #{other.pk}" in page

    def test_are_entered_once(self, staff):
        self.enter(staff)

        answer = self.enter(staff)

        assert "says the same already" in answer.content.decode()
        assert Agreement.objects.count() == 1

    def test_are_entered_with_what_may_be_a_slip_said(self, staff):
        answer = staff.post(reverse("admin:agreements_agreement_enter"), self.FORM, follow=True)

        assert "NL*CPO is not a party of any platform yet." in answer.content.decode()

    def test_are_not_ended_by_looking(self, staff):
        agreement = make_agreement()

        staff.get(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]))

        assert Agreement.objects.get().valid_until is None
