"""What staff can do about deliveries that wait or failed."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from forwarding import resend as resending
from forwarding.models import DeadLetter
from tests.admin.browser import select
from tests.management.cast import NOW, UID, make_dead_letter, make_lane, make_platform

pytestmark = pytest.mark.django_db


class TestDeliveries:
    def test_lanes_are_retried(self, staff):
        lane = make_lane(make_platform(), retry_at=NOW, failures=3)

        select(staff, "forwarding_lane", "retry_now", lane)

        lane.refresh_from_db()
        assert lane.retry_at is None
        assert LogEntry.objects.get().get_change_message() == "retried"

    def test_selected_dead_letters_are_resent(self, staff, monkeypatch):
        sent: list[int] = []

        def resend_these(letters, *, clock):
            sent.extend(letter.pk for letter in letters)
            return resending.Resent(sent=len(sent))

        monkeypatch.setattr(resending, "resend_these", resend_these)
        platform = make_platform()
        one, other = make_dead_letter(platform, event=1), make_dead_letter(platform, event=2)
        make_dead_letter(platform, event=3)

        select(staff, "forwarding_deadletter", "resend_selected", one, other)

        assert sorted(sent) == [one.pk, other.pk]

    def test_dead_letters_are_closed(self, staff):
        letter = make_dead_letter(make_platform())

        for _ in range(2):
            select(staff, "forwarding_deadletter", "close_selected", letter)

        assert DeadLetter.objects.get().closed_at is not None
        assert LogEntry.objects.get().get_change_message() == "closed"
        assert UID not in LogEntry.objects.get().object_repr  # entries are kept for good
