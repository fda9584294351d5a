"""The first doubts about all agreements, found by the database: the same as reading them one by one would find."""

from __future__ import annotations

import pytest

from agreements import doubts
from agreements.doubts import find_doubts, get_doubts_of_all
from agreements.models import Agreement
from tests.management.cast import make_agreement, make_behind, make_platform

pytestmark = pytest.mark.django_db


def find(most: int = 10) -> list[tuple[str, int]]:
    return [(doubt, agreement.pk) for doubt, agreement in find_doubts(Agreement.objects.all(), most=most).items()]


class TestFindDoubts:
    def test_finds_what_reading_every_agreement_finds(self):
        make_platform("Good CPO", party="nl*cpo", role="CPO")
        make_platform("Good eMSP", party="FR*MSP", role="EMSP")
        make_platform("No CPO", party="DE*MSQ", role="EMSP")
        make_behind(make_platform("Hub", party="SE*HU2", role="HUB"), "DK*R4E", role="CPO")
        for provider, consumer in (
            ("NL*CPO", "FR*MSP"),
            ("DK*R4E", "FR*MSP"),
            ("NL*CPO", "IT*NEW"),
            ("DE*MSQ", "NL*CPO"),
            ("IT*NEW", "FR*MSP"),
            ("IT*NEW", "DE*MSQ"),
        ):
            make_agreement(provider, consumer)
        make_agreement(modules=["commands"], commands=["START_SESSION"])
        make_agreement(modules=["commands"], commands=["START_SESSION", "FLY"])

        found = find()

        by_hand = get_doubts_of_all(Agreement.objects.order_by("id"))
        assert found == [(doubt, agreement.pk) for doubt, agreement in by_hand.items()]
        assert [doubt.partition(" is ")[0] for doubt, _ in found] == ["IT*NEW", "DE*MSQ", "NL*CPO", "FLY"]

    def test_takes_a_party_for_known_in_any_fitting_role(self):
        both = make_platform("Both", party="NL*CPO", role="EMSP")
        both.parties.create(country_code="NL", party_id="CPO", role="CPO", name="Both", changed_at=both.changed_at)
        make_platform("Good eMSP", party="FR*MSP", role="EMSP")
        make_agreement()

        assert find() == []

    def test_stops_at_the_first(self):
        first, second, third = (make_agreement("NL*CPO", f"FR*M{number}") for number in range(3))
        make_platform(party="NL*CPO")

        assert [pk for _, pk in find(most=2)] == [first.pk, second.pk]
        assert [pk for _, pk in find(most=3)] == [first.pk, second.pk, third.pk]

    def test_reads_one_agreement_of_a_party_that_is_in_many(self, monkeypatch, django_assert_num_queries):
        make_platform("Good eMSP", party="FR*MSP", role="EMSP")
        agreements = [make_agreement("NL*NEW", f"FR*M{number}") for number in range(8)]
        for number in range(8):
            make_platform(f"eMSP {number}", party=f"FR*M{number}", role="EMSP")
        read: list[Agreement] = []

        def get_doubts_of_these(some):
            read.extend(some)
            return get_doubts_of_all(read)

        monkeypatch.setattr(doubts, "get_doubts_of_all", get_doubts_of_these)

        with django_assert_num_queries(4):
            found = find()

        assert found == [("NL*NEW is not a party of any platform yet.", agreements[0].pk)]
        assert read == agreements[:1]
