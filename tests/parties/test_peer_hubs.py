"""Who may register as a hub, and what of its announcements is kept."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from journal.models import PullRequest
from journal.rows import Outcome
from ocpi import wire
from ocpi.calls import ConnectionStatus, PartyId, Role
from ocpi.configuration.v2_2_1 import ClientInfo, Credentials
from ocpi.errors import InvalidParameter
from parties import announced, handshake
from parties.models import Party, PartyBehind, Platform
from parties.planning import CannotPlan, PlannedParty, plan_platform
from tests.parties.fake_platform import FakePlatform, run_platform

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HU2 = PartyId("SE", "HU2")
HUB_ROLE = {"role": "HUB", "country_code": "SE", "party_id": "HU2", "business_details": {"name": "Other hub"}}
OFFERS = [("credentials", "SENDER"), ("locations", "SENDER"), ("hubclientinfo", "SENDER")]


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.HUB_REQUIRE_HTTPS = False
    settings.HUB_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    settings.HUB_PARTY = PartyId("NL", "HUB")


@pytest.fixture
def fake() -> Iterator[FakePlatform]:
    with run_platform(roles=[HUB_ROLE], modules=OFFERS) as platform:
        yield platform


def plan(name: str = "Other hub", party: PartyId = HU2, role: Role = Role.HUB) -> Platform:
    planned = PlannedParty(party=party, role=role, name=name)
    return plan_platform(name=name, parties=[planned], now=NOW)[0]


def register(platform: Platform, fake: FakePlatform) -> Platform:
    credentials = wire.decode(json.dumps(fake.make_credentials()).encode(), type=Credentials)
    return handshake.accept_registration(platform, credentials, now=NOW)[0]


def info(party: str = "DK*R4E", *, status: str = "CONNECTED", role: str = "EMSP", at: datetime = NOW) -> ClientInfo:
    known = PartyId.of_text(party)
    return ClientInfo(
        country_code=known.country_code,
        party_id=known.party_id,
        role=Role(role),
        status=ConnectionStatus(status),
        last_updated=at,
    )


def get_statuses(platform: Platform) -> dict[str, str]:
    return {f"{row.id_pair} {row.role}": row.status for row in platform.parties_behind.order_by("id")}


class TestRegistration:
    def test_a_planned_hub_registers_and_its_list_is_read_soon(self, fake: FakePlatform) -> None:
        platform = register(plan(), fake)

        [request] = PullRequest.objects.all()
        assert platform.status is ConnectionStatus.CONNECTED
        assert (request.module, request.party, request.platform) == ("hubclientinfo", "sehu2", platform.pk)
        assert (request.is_full, request.due_at) == (True, NOW)

    def test_an_update_has_the_list_read_again_but_once(self, fake: FakePlatform) -> None:
        platform = register(plan(), fake)
        PullRequest.objects.update(state=PullRequest.State.DONE)

        for _ in range(2):
            handshake.rotate(Platform.objects.get(pk=platform.pk), now=NOW)

        assert PullRequest.objects.filter(state=PullRequest.State.WAITING).count() == 1

    def test_a_hub_without_a_list_is_not_asked_for_one(self, fake: FakePlatform) -> None:
        fake.modules = OFFERS[:2]

        register(plan(), fake)

        assert not PullRequest.objects.exists()

    def test_a_stranger_is_no_hub_by_saying_so(self, fake: FakePlatform) -> None:
        unplanned = Platform.objects.create(name="Blue", changed_at=NOW)
        unplanned.issue_token_a()
        for platform in (unplanned, plan("CPO", PartyId("NL", "CPO"), Role.CPO), plan("Same", HU2, Role.CPO)):
            with pytest.raises(InvalidParameter, match="HUB"):
                register(platform, fake)
        assert not Platform.objects.filter(state=Platform.State.REGISTERED).exists()

    def test_nobody_is_this_hub(self, fake: FakePlatform) -> None:
        fake.roles = [HUB_ROLE | {"country_code": "nl", "party_id": "hub"}]
        platform = plan()
        Party.objects.filter(platform=platform).update(country_code="NL", party_id="HUB")

        with pytest.raises(InvalidParameter, match="this hub itself"):
            register(platform, fake)
        with pytest.raises(CannotPlan):
            plan("Twin", PartyId("NL", "HUB"))


class TestAccept:
    def test_keeps_each_role(self) -> None:
        hub = plan()

        for role in ("CPO", "EMSP"):
            assert announced.accept(hub.pk, info(role=role), now=NOW) is Outcome.CREATED

        assert get_statuses(hub) == {"DK*R4E CPO": "CONNECTED", "DK*R4E EMSP": "CONNECTED"}

    def test_writes_only_what_is_new(self) -> None:  # HCI-15: each write makes every process load the facts
        hub = plan()
        announced.accept(hub.pk, info(), now=NOW)

        same = announced.accept(hub.pk, info("dk*r4e"), now=NOW + HOUR)
        older = announced.accept(hub.pk, info(status="SUSPENDED", at=NOW - HOUR), now=NOW + HOUR)
        touched = announced.accept(hub.pk, info(at=NOW + HOUR), now=NOW + HOUR)

        row = PartyBehind.objects.get()
        assert (same, older, touched) == (Outcome.KEPT, Outcome.KEPT, Outcome.UPDATED)
        assert (row.status, row.changed_at, row.last_updated) == ("CONNECTED", NOW, NOW + HOUR)

    def test_is_not_held_up_by_a_clock_that_once_was_wrong(self) -> None:
        hub = plan()
        announced.accept(hub.pk, info(at=NOW + 1000 * HOUR), now=NOW)

        outcome = announced.accept(hub.pk, info(status="OFFLINE", at=NOW + HOUR), now=NOW + HOUR)

        assert outcome is Outcome.UPDATED
        assert get_statuses(hub) == {"DK*R4E EMSP": "OFFLINE"}

    def test_another_hub_may_have_who_is_behind_one_that_left_and_keeps_it(self) -> None:
        first, second = plan(), plan("Third hub", PartyId("FI", "HU3"))
        announced.accept(first.pk, info(), now=NOW)
        first.suspend(now=NOW)

        announced.accept(second.pk, info(), now=NOW)
        Platform.objects.filter(pk=first.pk).update(state=Platform.State.REGISTERED)

        assert (get_statuses(first), get_statuses(second)) == (
            {"DK*R4E EMSP": "SUSPENDED"},
            {"DK*R4E EMSP": "CONNECTED"},
        )
        with pytest.raises(InvalidParameter, match="another hub"):
            announced.accept(first.pk, info(at=NOW + HOUR), now=NOW + HOUR)

    def test_what_staff_planned_behind_one_hub_is_no_other_hubs(self) -> None:
        first, second = plan(), plan("Third hub", PartyId("FI", "HU3"))
        PartyBehind.objects.create(
            platform=first,
            country_code="DK",
            party_id="R4E",
            role="EMSP",
            status="PLANNED",
            last_updated=NOW - HOUR,
            changed_at=NOW - HOUR,
        )

        with pytest.raises(InvalidParameter):
            announced.accept(second.pk, info(role="CPO"), now=NOW)
        assert announced.accept(first.pk, info(), now=NOW) is Outcome.UPDATED

    def test_a_withdrawn_party_is_still_ours(self) -> None:
        hub, left = plan(), plan("Left", PartyId("NL", "CPO"), Role.CPO)
        left.suspend(now=NOW)
        Party.objects.filter(platform=left).update(is_active=False)

        with pytest.raises(InvalidParameter, match="connected to this hub"):
            announced.accept(hub.pk, info("nl*cpo", role="EMSP"), now=NOW)

    def test_there_is_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = plan()
        monkeypatch.setattr(announced, "MAX_BEHIND", 2)
        for number in range(2):
            announced.accept(hub.pk, info(f"DK*R{number}"), now=NOW)

        with pytest.raises(InvalidParameter, match="more than 2"):
            announced.accept(hub.pk, info("DK*R9"), now=NOW)


class TestSuspendMissing:
    def test_ends_what_a_full_list_lacks(self) -> None:  # HCI-15
        hub, other = plan(), plan("Third hub", PartyId("FI", "HU3"))
        for party, status in (("DK*A", "CONNECTED"), ("DK*B", "OFFLINE"), ("DK*C", "PLANNED"), ("DK*D", "SUSPENDED")):
            announced.accept(hub.pk, info(party, status=status), now=NOW)
        announced.accept(other.pk, info("DK*X"), now=NOW)
        announced.accept(hub.pk, info("DK*NEW"), now=NOW + 2 * HOUR)  # while the list was read

        missing = announced.find_missing(hub.pk, [("dka", "EMSP"), ("dkb", "CPO")], begun_at=NOW + HOUR)
        gone = announced.suspend(hub.pk, missing.values(), begun_at=NOW + HOUR, now=NOW + HOUR)

        assert (list(missing), gone) == ([("dkb", "EMSP")], 1)
        assert get_statuses(hub) == {
            "DK*A EMSP": "CONNECTED",
            "DK*B EMSP": "SUSPENDED",
            "DK*C EMSP": "PLANNED",
            "DK*D EMSP": "SUSPENDED",
            "DK*NEW EMSP": "CONNECTED",
        }
        assert get_statuses(other) == {"DK*X EMSP": "CONNECTED"}

    def test_spares_who_is_announced_while_the_list_is_read(self) -> None:
        hub = plan()
        announced.accept(hub.pk, info("DK*A", status="OFFLINE"), now=NOW)
        missing = announced.find_missing(hub.pk, [], begun_at=NOW + HOUR)
        announced.accept(hub.pk, info("DK*A", at=NOW + HOUR), now=NOW + HOUR)

        assert announced.suspend(hub.pk, missing.values(), begun_at=NOW + HOUR, now=NOW + 2 * HOUR) == 0
        assert get_statuses(hub) == {"DK*A EMSP": "CONNECTED"}
