"""Which parties a platform may announce in a handshake (AMB-41)."""

from __future__ import annotations

from typing import Any

import pytest

from agreements.models import Agreement
from ocpi.calls import PartyId
from ocpi.errors import InvalidParameter
from parties import handshake
from parties.models import Party, PartyBehind, Platform
from tests.parties.cast import NOW, kind_of, read, register
from tests.parties.fake_platform import CPO_ROLE, FakePlatform

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_on_loopback")]


def plan_party(platform: Platform, role: dict[str, Any]) -> None:
    names = {name: role[name] for name in ("country_code", "party_id", "role")}
    Party.objects.create(platform=platform, name="Planned", changed_at=NOW, **names)


def agree(provider: str, consumer: str) -> None:
    Agreement.conclude(
        provider=PartyId.of_text(provider),
        consumer=PartyId.of_text(consumer),
        modules=["locations"],
        valid_from=NOW,
        now=NOW,
    )


class TestRoles:
    @pytest.mark.parametrize(
        "roles",
        [
            [CPO_ROLE, CPO_ROLE | {"country_code": "nl", "party_id": "cpo"}],
            [CPO_ROLE | {"role": "HUB"}],
            [CPO_ROLE | {"party_id": "HUB"}],
        ],
    )
    def test_refused_before_anything_is_called(
        self, planned: Platform, fake: FakePlatform, roles: list[dict[str, Any]]
    ) -> None:
        planned.issue_token_a()

        with pytest.raises(InvalidParameter, match="roles"):
            handshake.accept_registration(planned, read(fake.make_credentials(roles=roles)), now=NOW)

        assert fake.calls == []

    def test_another_platforms_party_is_refused(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        stranger = Platform.objects.create(name="Green", changed_at=NOW)
        roles = [CPO_ROLE | {"country_code": "nl"}]

        with pytest.raises(InvalidParameter, match="is taken"):
            register(stranger, fake, roles=roles)

        assert fake.calls == []
        assert Party.objects.get().platform == registered[0]

    @pytest.mark.parametrize("party", [("NL", "CPO"), ("nl", "cpo")])
    def test_nor_in_another_role_unless_it_is_planned(
        self, registered: tuple[Platform, str], fake: FakePlatform, party: tuple[str, str]
    ) -> None:
        """Agreements bind party ids, whatever the role (AMB-41)."""
        role = CPO_ROLE | {"role": "NSP", "country_code": party[0], "party_id": party[1]}

        with pytest.raises(InvalidParameter, match="ask the hub's staff to plan NSP"):
            register(Platform.objects.create(name="Green", changed_at=NOW), fake, roles=[role])

        assert fake.calls == []

    def test_a_party_behind_a_hub_is_refused_unless_it_is_planned(self, planned: Platform, fake: FakePlatform) -> None:
        hub = Platform.objects.create(name="Other hub", changed_at=NOW, state=Platform.State.REGISTERED)
        PartyBehind.objects.create(
            platform=hub,
            country_code="NL",
            party_id="CPO",
            role="EMSP",
            status="CONNECTED",
            last_updated=NOW,
            changed_at=NOW,
        )

        with pytest.raises(InvalidParameter, match="is taken"):
            register(planned, fake)

    def test_a_party_that_an_agreement_names_is_refused_unless_it_is_planned(
        self, planned: Platform, fake: FakePlatform
    ) -> None:
        """It was concluded before its party came: not with whoever comes first (AMB-41)."""
        agree("nl*cpo", "FR*MSP")

        with pytest.raises(InvalidParameter, match="ask the hub's staff to plan CPO"):
            register(planned, fake)

        plan_party(planned, CPO_ROLE)
        register(planned, fake)
        assert Party.objects.get().platform.state == Platform.State.REGISTERED

    def test_one_party_may_have_different_roles_on_different_platforms(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        role = CPO_ROLE | {"role": "EMSP"}
        green = Platform.objects.create(name="Green", changed_at=NOW)
        plan_party(green, role)

        register(green, fake, roles=[role])

        assert Party.objects.count() == 2

    def test_staff_may_plan_a_party_elsewhere_at_the_same_moment(
        self, planned: Platform, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The constraint decides, and the loser keeps its Token A."""
        register(planned, fake)
        slow = Platform.objects.create(name="Green", changed_at=NOW)
        token_a = slow.issue_token_a()
        monkeypatch.setattr("parties.claims._refuse_taken", lambda platform, role: None)

        with pytest.raises(InvalidParameter, match="just now"):
            handshake.accept_registration(slow, read(fake.make_credentials()), now=NOW)

        assert kind_of(token_a) == "token_a"
        assert Platform.objects.get(name="Green").token_in_digest == ""

    def test_planned_parties_are_all_a_platform_may_announce(self, planned: Platform, fake: FakePlatform) -> None:
        Party.objects.create(
            platform=planned, country_code="DE", party_id="XYZ", role="CPO", name="Planned", changed_at=NOW
        )

        with pytest.raises(InvalidParameter, match=r"NL\*CPO CPO is not planned"):
            register(planned, fake)

    def test_planned_party_is_taken_over(self, planned: Platform, fake: FakePlatform) -> None:
        Party.objects.create(
            platform=planned, country_code="nl", party_id="cpo", role="CPO", name="Planned", changed_at=NOW
        )

        register(planned, fake)

        party = Party.objects.get()
        assert (party.name, party.business_details["name"], party.is_active) == ("Blue Power", "Blue Power", True)
