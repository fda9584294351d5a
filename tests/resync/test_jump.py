"""A lane that waits for too long goes to the end of the log; all others stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from forwarding.models import Announced, Lane
from forwarding.retention import jump_too_old
from parties.models import FactsVersion
from tests.conftest import Cast
from tests.resync.away import (
    after,
    deliver,
    jump,
    push_location,
)


class TestJump:
    def test_a_lane_that_waits_for_too_long_goes_to_the_end_and_says_so(self, promised: Cast, caplog: Any):
        push_location(promised)

        assert jump(promised) == 1

        lane = Lane.objects.get(needs_resync=True)
        assert lane.platform_id == promised.emsp.platform.pk
        assert lane.waiting == {}
        assert "jumped" in lane.last_error
        assert lane.resync_since is not None
        assert any(
            record.levelname == "ERROR" and "is told the present state" in record.message for record in caplog.records
        )

    def test_one_that_is_not_that_late_stays(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")

        assert jump_too_old(now=now() + timedelta(days=13)) == 0
        assert not Lane.objects.filter(needs_resync=True).exists()

    def test_one_that_has_nothing_to_do_stays(self, cast: Cast):
        push_location(cast)
        deliver(cast)

        assert jump_too_old(now=after()) == 0

    def test_one_that_is_worked_on_stays(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")
        Lane.objects.update(leased_until=after() + timedelta(seconds=15))

        assert jump_too_old(now=after()) == 0

    def test_whoever_held_it_can_move_it_no_more(self, promised: Cast):
        push_location(promised)
        deliver(promised, until="seen")
        fence = Lane.objects.exclude(waiting={}).get().fence

        jump_too_old(now=after())

        assert Lane.objects.get(needs_resync=True).fence > fence

    def test_what_it_was_told_of_its_partners_is_compared_anew(self, promised: Cast):
        """HCI-05: those pushes waited in the lane too."""
        Announced.objects.create(
            platform=promised.emsp.platform, party="nlcpo", role="CPO", status="CONNECTED", changed_at=now()
        )
        before = FactsVersion.objects.get().version
        push_location(promised)

        jump(promised)

        assert not Announced.objects.filter(platform=promised.emsp.platform).exists()
        assert FactsVersion.objects.get().version > before
