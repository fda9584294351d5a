"""Told again is what was promised and may still be told, to whom it may be told."""

from __future__ import annotations

from datetime import timedelta

from django.utils.timezone import now

from agreements.models import Agreement
from forwarding.models import Lane
from forwarding.resync import resync_next
from ocpi.calls import Delivery
from parties.models import Platform
from tests.conftest import Cast
from tests.documents import cdr_document
from tests.forwarding.cast import agree
from tests.pulls.lists import Lists, pull
from tests.resync.away import (
    after,
    come_back,
    deliver,
    get_pushed,
    have_missed,
    jump,
    push,
    push_location,
)


class TestPromised:
    def test_under_plain_relaying_nothing_is_told_late(self, cast: Cast):
        """ROUTE-21: it reads the lists."""
        push_location(cast)
        deliver(cast)
        cast.emsp.seen.clear()
        have_missed(cast.emsp.platform, since=now() - timedelta(days=1))

        assert resync_next(clock=after) == 0
        deliver(cast)

        assert get_pushed(cast.emsp) == []

    def test_a_cdr_that_was_pulled_under_relay_is_not_pushed(self, cast: Cast):
        """ADR 0008: it is stored and served; nobody was promised its delivery, and nobody has judged it."""
        Lists(cast.cpo, pages={"cdrs": [[cdr_document()]]})
        assert pull(cast.cpo, "cdrs").stored == 1
        have_missed(cast.emsp.platform, since=now() - timedelta(days=1))

        assert resync_next(clock=after) == 0
        deliver(cast)

        assert get_pushed(cast.emsp) == []

    def test_what_was_promised_is_told_whatever_was_agreed_since(self, promised: Cast):
        push(promised.cpo, "POST", "cdrs", body=cdr_document(), to="FR*MSP")
        jump(promised)
        agreement = Agreement.objects.get(provider_party="CPO")
        agreement.end(now=now())
        agree(agreement.provider, agreement.consumer, delivery=Delivery.RELAY, valid_from=now())

        come_back(promised)

        assert get_pushed(promised.emsp) == ["POST /cdrs"]

    def test_without_agreement_nothing_is_told(self, promised: Cast):
        push_location(promised)
        jump(promised)
        Agreement.objects.get(provider_party="CPO").end(now=now())

        come_back(promised)

        assert get_pushed(promised.emsp) == []

    def test_while_it_is_away_nothing_happens(self, promised: Cast):
        push_location(promised)
        jump(promised)
        assert resync_next(clock=after) is None

        Platform.objects.filter(pk=promised.emsp.platform.pk).update(state="SUSPENDED", is_online=True)

        assert resync_next(clock=after) is None
        assert Lane.objects.filter(needs_resync=True).exists()
