"""What no page may show: tokens, digests, and people's cards and contracts in full."""

from __future__ import annotations

import pytest

from management.models import StaffToken
from parties.models import Party
from tests.admin.every_page import url_of
from tests.admin.stored import CONTRACT
from tests.management.cast import OUR_TOKEN, UID

pytestmark = pytest.mark.django_db


class TestSecrets:
    def test_are_on_no_page_of_a_platform(self, staff, rows):
        platform = Party.objects.get().platform
        platform.token_a_digest = "a-digest-that-must-not-be-shown"
        platform.save()

        for url in (url_of("parties_platform", "changelist"), url_of("parties_platform", "change", platform.pk)):
            text = staff.get(url).content.decode()
            assert OUR_TOKEN not in text
            assert platform.token_in_digest not in text
            assert platform.token_a_digest not in text

    def test_are_on_no_page_of_a_staff_token(self, staff, rows):
        token = StaffToken.objects.get()

        text = staff.get(url_of("management_stafftoken", "change", token.pk)).content.decode()

        assert token.digest not in text


class TestPersonalData:
    @pytest.mark.parametrize("name", ["tokens_token", "forwarding_deadletter", "management_logevent"])
    def test_is_masked_in_lists(self, staff, rows, name):
        text = staff.get(url_of(name, "changelist")).content.decode()

        assert UID not in text
        assert UID.lower() not in text
        assert CONTRACT not in text
        assert "…L89" in text

    def test_is_found_by_the_whole_of_it_only(self, staff, rows):
        def search(text):
            return staff.get(url_of("tokens_token", "changelist"), {"q": text}).context["cl"].result_count

        assert (search(UID.lower()), search(CONTRACT), search(UID[:-1])) == (1, 1, 0)
