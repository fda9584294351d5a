"""Concluding one agreement, and importing many."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from agreements.doubts import get_doubts
from agreements.imports import ImportRefused, import_agreements, parse
from agreements.models import Agreement, AlreadyAgreed, UnableToConclude, UnableToEnd
from ocpi.calls import Delivery, PartyId
from tests.management.cast import make_behind, make_platform
from tests.turns import somebody_waits

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADING = "provider,consumer,modules,valid_from,valid_until,delivery,note\n"


def conclude(**changes: Any) -> Agreement:
    terms: dict[str, Any] = {
        "provider": PartyId("NL", "CPO"),
        "consumer": PartyId("FR", "MSP"),
        "modules": ["locations", "cdrs", "locations"],
        "valid_from": NOW,
    }
    return Agreement.conclude(**(terms | changes), now=NOW)


class TestConclude:
    def test_keeps_numbers_of_cdr_control_as_text(self) -> None:
        conclude(cdr_control={"bounds": {"max_energy": Decimal("99.50"), "late": 3600}})

        assert Agreement.objects.get().cdr_control == {"bounds": {"max_energy": "99.50", "late": 3600}}

    def test_saves(self) -> None:
        conclude(delivery=Delivery.STORE_AND_FORWARD, delivery_by_module={"cdrs": "relay"}, note="pilot")

        agreement = Agreement.objects.get()
        assert (str(agreement.provider), str(agreement.consumer)) == ("NL*CPO", "FR*MSP")
        assert agreement.modules == ["locations", "cdrs"]
        assert (agreement.delivery, agreement.delivery_by_module) == ("store_and_forward", {"cdrs": "relay"})
        assert (agreement.valid_until, agreement.changed_at) == (None, NOW)

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"provider": PartyId("N1", "CPO")}, "provider"),
            ({"consumer": PartyId("NL", "HUB")}, "consumer"),
            ({"consumer": PartyId("nl", "cpo")}, "same party"),
            ({"modules": []}, "modules"),
            ({"modules": ["locations", "credentials"]}, "modules: credentials"),
            ({"delivery": "pigeon"}, "delivery"),
            ({"delivery_by_module": {"cdrs": "pigeon"}}, "delivery"),
            ({"delivery_by_module": {"tokens": "relay"}}, "delivery_by_module: tokens"),
            ({"valid_until": datetime(2026, 1, 1, tzinfo=UTC)}, "valid_until"),
            ({"cdr_control": {"refuse": 1}}, "cdr_control: refuse: 1 is neither"),
            ({"cdr_control": {"bounds": {"max_enrgy": 1}}}, "cdr_control: bounds.max_enrgy"),
            ({"cdr_control": ["refuse"]}, "cdr_control: it is not a JSON object"),
            ({"cdr_control": {"refuse": True}, "modules": ["locations"]}, "cdr_control: the module cdrs"),
        ],
    )
    def test_refuses_terms_that_make_no_sense(self, changes: dict[str, Any], named: str, settings: Any) -> None:
        settings.HUB_PARTY = PartyId("NL", "HUB")

        with pytest.raises(UnableToConclude, match=named):
            conclude(**changes)

        assert not Agreement.objects.exists()


class TestAlreadyAgreed:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"modules": ["cdrs", "locations"], "note": "once more"},
            {"provider": PartyId("nl", "cpo")},
            {"valid_from": NOW + timedelta(days=1), "valid_until": NOW + timedelta(days=2)},
            {"delivery": Delivery.STORE_AND_FORWARD, "delivery_by_module": {"locations": "relay", "cdrs": "relay"}},
        ],
    )
    def test_is_what_one_in_force_says_for_all_that_time(self, changes: dict[str, Any]) -> None:
        known = conclude()

        with pytest.raises(AlreadyAgreed, match=f"agreement {known.pk} says the same already"):
            conclude(**changes)

        assert Agreement.objects.count() == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"modules": ["locations"]},
            {"delivery": Delivery.STORE_AND_FORWARD},
            {"valid_from": NOW - timedelta(days=1)},
            {"cdr_control": {"refuse": True}},
            {"consumer": PartyId("FR", "MSX")},
            {"provider": PartyId("FR", "MSP"), "consumer": PartyId("NL", "CPO")},
        ],
    )
    def test_is_not_what_differs(self, changes: dict[str, Any]) -> None:
        conclude()

        conclude(**changes)

        assert Agreement.objects.count() == 2

    def test_is_not_what_goes_on_after_the_end_of_another(self) -> None:
        conclude().end(now=NOW + timedelta(days=1))

        conclude(valid_from=NOW + timedelta(hours=1))

        assert Agreement.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_is_what_somebody_else_concludes_at_the_same_moment(self) -> None:
        outcomes: list[str] = []

        def conclude_too() -> None:
            try:
                conclude()
                outcomes.append("concluded")
            except AlreadyAgreed as error:
                outcomes.append(f"agreed in {error.known.pk}")
            finally:
                connection.close()

        thread = threading.Thread(target=conclude_too)
        with transaction.atomic():
            known = conclude()
            thread.start()
            while thread.is_alive() and not somebody_waits():
                thread.join(0.01)
        thread.join()

        assert outcomes == [f"agreed in {known.pk}"]
        assert Agreement.objects.count() == 1


class TestEnd:
    def test_stays_when_it_was(self) -> None:
        agreement = conclude()
        agreement.end(now=NOW)

        with pytest.raises(UnableToEnd, match="2026-03-01 12:00:00 UTC"):
            Agreement.objects.get().end(now=NOW + timedelta(days=1))

        assert Agreement.objects.get().valid_until == NOW

    def test_is_before_the_beginning_of_one_that_never_began(self) -> None:
        later = NOW + timedelta(days=9)
        agreement = conclude(valid_from=later)

        agreement.end(now=NOW)

        assert (agreement.valid_until, agreement.is_over(now=NOW)) == (later, True)


class TestDoubts:
    def test_are_none_about_two_known_parties(self) -> None:
        make_platform(party="NL*CPO", role="CPO")
        make_behind(make_platform("Hub", party="DE*HUB", role="HUB"), "FR*MSP")

        assert get_doubts(conclude(), now=NOW) == []

    def test_name_who_is_unknown_or_in_the_wrong_role(self) -> None:
        make_platform(party="NL*CPO", role="EMSP")

        assert get_doubts(conclude(), now=NOW) == [
            "NL*CPO is known as EMSP only, and is the provider of an agreement.",
            "FR*MSP is not a party of any platform yet.",
        ]

    def test_name_commands_that_ocpi_does_not_know(self) -> None:
        agreement = conclude(modules=["commands"], commands=["START_SESSION", "FLY"])

        assert "FLY is none of OCPI's commands" in " ".join(get_doubts(agreement, now=NOW))

    def test_name_other_agreements_about_the_same_modules(self) -> None:
        one = conclude()
        conclude(modules=["tokens"])
        conclude(modules=["locations"], valid_until=NOW)
        reversed = conclude(
            provider=PartyId("FR", "MSP"), consumer=PartyId("NL", "CPO"), valid_from=NOW + timedelta(days=9)
        )

        doubts = get_doubts(one, now=NOW)

        assert doubts[-1].startswith(f"Another agreement of this pair covers modules of this one, too: #{reversed.pk}.")


class TestParse:
    def test_reads_times_modules_and_defaults(self) -> None:
        text = "\ufeffconsumer, provider,valid_from,modules\r\nFR-MSP,nl*cpo,2026-01-31,locations;cdrs tariffs\r\n"

        [line] = parse(text)

        assert (str(line.provider), str(line.consumer)) == ("nl*cpo", "FR*MSP")
        assert line.modules == ("locations", "cdrs", "tariffs")
        assert (line.valid_from, line.valid_until) == (datetime(2026, 1, 31, tzinfo=UTC), None)
        assert (line.delivery, line.note, line.number) == ("relay", "", 2)

    def test_reads_cdr_control_as_json(self) -> None:
        heading = "provider,consumer,modules,valid_from,cdr_control\n"

        entered = import_agreements(
            heading + 'NL*CPO,FR*MSP,cdrs,2026-01-31,"{""refuse"": true, ""bounds"": {""max_cost"": 50.10}}"\n', now=NOW
        )

        assert [one.cdr_control for one in entered] == [{"refuse": True, "bounds": {"max_cost": "50.10"}}]

    @pytest.mark.parametrize(
        ("cell", "named"), [("refuse", "cdr_control: not JSON"), ('"{""refuse"":1}"', "refuse: 1")]
    )
    def test_names_what_is_wrong_with_cdr_control(self, cell: str, named: str) -> None:
        heading = "provider,consumer,modules,valid_from,cdr_control\n"

        with pytest.raises(ImportRefused, match=named):
            import_agreements(heading + f"NL*CPO,FR*MSP,cdrs,2026-01-31,{cell}\n", now=NOW)

    def test_brings_other_zones_to_utc(self) -> None:
        text = HEADING + "NL*CPO,FR*MSP,cdrs,2026-01-31T01:00:00+02:00,2026-12-31T00:00:00Z,,\n"

        [line] = parse(text)

        assert line.valid_from == datetime(2026, 1, 30, 23, tzinfo=UTC)
        assert line.valid_from.tzinfo is UTC

    @pytest.mark.parametrize(
        ("text", "line", "named"),
        [
            ("", 1, "the column provider is missing"),
            (HEADING, 1, "no agreement"),
            ("provider,consumer,modules\n", 1, "valid_from is missing"),
            ("provider,consumer,modules,valid_from,colour\n", 1, "colour"),
            ("provider,provider,consumer,modules,valid_from\n", 1, "twice"),
            (HEADING + "NLX*CPO,FR*MSP,cdrs,2026-01-01,,,\n", 2, "provider"),
            (HEADING + "NL*CPO,,cdrs,2026-01-01,,,\n", 2, "consumer"),
            (HEADING + "NL*CPO,FR*MSP,cdrs,soon,,,\n", 2, "valid_from: 'soon'"),
            (HEADING + "NL*CPO,FR*MSP,cdrs,2026-01-01,never,,\n", 2, "valid_until"),
            (HEADING + "NL*CPO,FR*MSP,cdrs,2026-01-01,,,,,\n", 2, "more values"),
            (HEADING + "NL*CPO,FR*MSP\n", 2, "valid_from"),
            (HEADING + f"NL*CPO,FR*MSP,cdrs,2026-01-01,,,{'x' * 256}\n", 2, "note"),
            (HEADING + 'NL*CPO,FR*MSP,cdrs,2026-01-01,,,"open\n', 2, "not CSV"),
        ],
    )
    def test_names_line_and_reason(self, text: str, line: int, named: str) -> None:
        with pytest.raises(ImportRefused) as refused:
            parse(text)

        assert named in " ".join(refused.value.by_line[line])

    def test_names_every_wrong_line(self) -> None:
        text = HEADING + "x,y,cdrs,2026-01-01,,,\nNL*CPO,FR*MSP,cdrs,2026-01-01,,,\nNL*CPO,z,cdrs,2026-01-01,,,\n"

        with pytest.raises(ImportRefused) as refused:
            parse(text)

        assert {number: len(texts) for number, texts in refused.value.by_line.items()} == {2: 2, 4: 1}


class TestImport:
    def test_enters_all(self) -> None:
        text = HEADING + (
            "NL*CPO,FR*MSP,locations cdrs,2026-01-01,,store_and_forward,pilot\n"
            "NL*CPO,IT*MSP,locations,2026-01-01,2027-01-01,,\n"
        )

        assert len(import_agreements(text, now=NOW)) == 2

        assert [str(agreement) for agreement in Agreement.objects.order_by("id")] == [
            "NL*CPO – FR*MSP",
            "NL*CPO – IT*MSP",
        ]

    def test_enters_none_if_one_makes_no_sense(self) -> None:
        good = "NL*CPO,FR*MSP,cdrs,2026-01-01,,,\n"
        text = HEADING + good + "NL*CPO,NL*CPO,cdrs,2026-01-01,,,\n" + good + "NL*CPO,FR*MSP,shoes,2026-01-01,,,\n"

        with pytest.raises(ImportRefused) as refused:
            import_agreements(text, now=NOW)

        assert sorted(refused.value.by_line) == [3, 4, 5]
        assert refused.value.by_line[4] == ["line 2 says the same already"]
        assert not Agreement.objects.exists()
