"""By which terms the CDRs of two parties are judged, at which moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agreements.models import Agreement
from cdrs.control.terms import read_setting
from cdrs.policy import get_effective_thresholds, get_hub_policy
from ocpi.calls import PartyId

pytestmark = pytest.mark.django_db

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 6, 1, tzinfo=UTC)
LATE = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def agree(*, provider: str = "NL*CPO", consumer: str = "FR*MSP", entered: datetime = BEGIN, **terms: Any) -> Agreement:
    parties: dict[str, Any] = {"provider": PartyId.of_text(provider), "consumer": PartyId.of_text(consumer)}
    facts: dict[str, Any] = {"modules": ["cdrs"], "valid_from": BEGIN, "now": BEGIN}
    facts["cdr_control"] = {"bounds": {"late": 3600}}
    agreement = Agreement.conclude(**parties, **(facts | terms))
    Agreement.objects.filter(pk=agreement.pk).update(created_at=entered)
    return agreement


def get_late(at: datetime, *, owner: str = "nlcpo", token_owner: str = "frmsp") -> timedelta | None:
    return get_effective_thresholds(owner, token_owner, at=at).bounds.late


class TestEffectiveThresholds:
    def test_are_the_agreements_while_it_holds(self):
        agree(valid_until=END)

        assert [get_late(at) for at in (BEGIN - MOMENT, BEGIN, END - MOMENT, END)] == [None, LATE, LATE, None]

    def test_do_not_reach_back_before_it_was_entered(self):
        agree(entered=END)

        assert [get_late(END - MOMENT), get_late(END)] == [None, LATE]

    @pytest.mark.parametrize(
        "others", [{"token_owner": "itmsx"}, {"owner": "decpx"}, {"owner": "frmsp", "token_owner": "nlcpo"}]
    )
    def test_are_those_of_its_two_parties_alone(self, others):
        agree()

        assert get_late(BEGIN, **others) is None

    def test_know_parties_however_they_are_written(self):
        agree(provider="nl*cpo", consumer="Fr*mSp")

        assert get_late(BEGIN) == LATE

    def test_are_those_of_the_first_agreement_that_covers_cdrs(self):
        agree(cdr_control={}, valid_until=END)
        agree()
        agree(modules=["locations"], cdr_control={})

        assert [get_late(BEGIN), get_late(END)] == [None, LATE]

    def test_begin_with_the_hubs(self, settings):
        settings.HUB_CONTROL = read_setting('{"bounds": {"late": 60, "max_cost": 9}}')
        agree()

        thresholds = get_effective_thresholds("nlcpo", "frmsp", at=BEGIN)

        assert (thresholds.bounds.late, thresholds.bounds.max_cost) == (LATE, Decimal(9))
        assert thresholds.policy.name.startswith(get_hub_policy() + "-")
        assert get_late(BEGIN, owner="decpx") == timedelta(seconds=60)
