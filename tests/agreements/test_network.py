"""Loading the facts, and the triggers that say when to load them again."""

from __future__ import annotations

import select
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agreements.models import Agreement, Mandate
from agreements.network import get_version, load_facts
from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role
from parties.lookup import find_platform
from parties.models import Endpoint, Heartbeat, Party, PartyBehind, Platform
from parties.secrets import token_digest

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CPO = PartyId("NL", "CPO")
MSP = PartyId("FR", "MSP")
HUB = PartyId("NL", "HUB")
HU2 = PartyId("SE", "HU2")
BEHIND = PartyId("DK", "R4E")


def make_platform(name: str = "Blue", **changes: Any) -> Platform:
    values: dict[str, object] = {
        "state": Platform.State.REGISTERED,
        "token_out": "out-" + name,
        "token_in_digest": token_digest("in-" + name),
        "changed_at": NOW,
    }
    return Platform.objects.create(name=name, **(values | changes))


def make_party(platform: Platform, party: PartyId = CPO, role: str = "CPO", **changes: object) -> Party:
    values: dict[str, object] = {"name": str(party), "changed_at": NOW}
    return Party.objects.create(
        platform=platform, country_code=party.country_code, party_id=party.party_id, role=role, **(values | changes)
    )


def make_agreement(**changes: object) -> Agreement:
    values: dict[str, object] = {
        "provider_country": CPO.country_code,
        "provider_party": CPO.party_id,
        "consumer_country": MSP.country_code,
        "consumer_party": MSP.party_id,
        "modules": ["locations"],
        "valid_from": NOW - timedelta(days=365),
        "changed_at": NOW,
    }
    return Agreement.objects.create(**(values | changes))


class TestLoadFacts:
    def test_brings_nodes_endpoints_and_peers(self) -> None:
        platform = make_platform(max_in_flight=7, sends_raw_token=True)
        make_party(platform, name="Blue Power")
        Endpoint.objects.create(platform=platform, module="locations", interface="SENDER", url="https://a.example/l")

        facts = load_facts()

        [node] = facts.network.get_nodes(CPO)
        assert (node.role, node.status, node.name) == (Role.CPO, ConnectionStatus.CONNECTED, "Blue Power")
        url = facts.network.platforms[platform.id].get_endpoint("locations", Interface.SENDER)
        assert url == "https://a.example/l"
        peer = facts.peers[platform.id]
        assert (peer.token, peer.raw_token, peer.max_in_flight) == ("out-Blue", True, 7)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"state": "PLANNED"}, ConnectionStatus.PLANNED),
            ({"state": "SUSPENDED"}, ConnectionStatus.SUSPENDED),
            ({"is_online": False}, ConnectionStatus.OFFLINE),
        ],
    )
    def test_knows_the_status(self, changes: dict[str, Any], status: ConnectionStatus) -> None:
        make_party(make_platform("Blue", **changes))

        assert load_facts().network.get_nodes(CPO)[0].status is status

    def test_shows_a_withdrawn_role_as_suspended(self) -> None:
        make_party(make_platform(), is_active=False)

        assert load_facts().network.get_nodes(CPO)[0].status is ConnectionStatus.SUSPENDED

    def test_an_agreement_entered_late_does_not_reach_back(self) -> None:
        agreement = make_agreement(delivery="store_and_forward", delivery_by_module={"locations": "relay"})

        [permit] = load_facts().network.permits[("frmsp", "nlcpo")]

        assert permit.valid_from == agreement.created_at > agreement.valid_from
        assert permit.delivery is Delivery.STORE_AND_FORWARD
        assert permit.get_delivery("locations") is Delivery.RELAY

    def test_nor_does_a_mandate(self) -> None:
        long_ago = NOW - timedelta(days=365)
        mandate = Mandate.grant(agent=MSP, principal=CPO, modules=["sessions"], valid_from=long_ago, now=NOW)

        [fact] = load_facts().network.mandates["frmsp"]["nlcpo"]

        assert fact.valid_from == mandate.created_at > mandate.valid_from

    def test_an_agreement_for_later_starts_later(self) -> None:
        later = datetime(2099, 1, 1, tzinfo=UTC)
        make_agreement(valid_from=later)

        [permit] = load_facts().network.permits[("frmsp", "nlcpo")]

        assert permit.valid_from == later

    def test_needs_as_many_queries_for_many_as_for_few(self) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                load_facts()
            return len(queries)

        make_party(make_platform())
        few = count()
        for number in range(5):
            make_party(make_platform(f"P{number}"), PartyId("DE", f"P{number}"))
            make_agreement()

        assert count() == few <= 9


class TestTokens:
    def test_agree_with_the_look_up_in_the_database(self) -> None:
        """Two ways to the same answer must not drift apart: every state, every kind of token."""
        for state in Platform.State.values:
            make_platform(
                state,
                state=state,
                token_in_previous_digest=token_digest("old-" + state),
                token_in_previous_until=NOW + timedelta(minutes=1),
                token_in_earlier_digest=token_digest("older-" + state),
                token_in_earlier_until=NOW + timedelta(minutes=1),
                token_a_digest=token_digest("a-" + state),
            )
        tokens = load_facts().tokens

        for state in Platform.State.values:
            for kind in ("in", "old", "older", "a"):
                token = f"{kind}-{state}"
                found = find_platform(token, None, now=NOW)
                fact = tokens[token_digest(token)]
                assert found is not None
                assert (found[0].id, found[1]) == (fact.platform, fact.kind)

    def test_token_b_of_an_unregistered_platform_opens_no_more_than_token_a(self) -> None:
        make_platform(state="PLANNED")

        assert load_facts().tokens[token_digest("in-Blue")].kind == "token_a"

    def test_previous_token_ends(self) -> None:
        make_platform(token_in_previous_digest=token_digest("old"), token_in_previous_until=NOW)

        assert find_platform("old", None, now=NOW - timedelta(seconds=1)) is not None
        assert find_platform("old", None, now=NOW) is None
        assert load_facts().tokens[token_digest("old")].until == NOW
        assert load_facts().tokens[token_digest("in-Blue")].has_previous

    def test_raw_token_counts_only_for_platforms_known_to_send_it(self) -> None:
        platform = make_platform()

        assert find_platform(None, "in-Blue", now=NOW) is None
        Platform.objects.update(sends_raw_token=True)
        assert find_platform("x", "in-Blue", now=NOW) == (platform, "credentials")

    def test_no_token_finds_no_platform_without_one(self) -> None:
        make_platform(token_in_digest="", state="PLANNED")

        assert find_platform(None, None, now=NOW) is None
        assert find_platform("", "", now=NOW) is None
        assert "" not in load_facts().tokens


class TestVersion:
    @pytest.mark.parametrize(
        "change",
        [
            lambda platform: platform.save(),
            lambda platform: Platform.objects.update(is_online=False),
            lambda platform: make_party(platform, MSP, "EMSP"),
            lambda platform: platform.parties.all().delete(),
            lambda platform: Endpoint.objects.create(
                platform=platform, module="cdrs", interface="SENDER", url="https://a"
            ),
            lambda platform: make_agreement(),
        ],
    )
    def test_rises_with_each_fact(self, change: Callable[[Platform], object]) -> None:
        platform = make_platform()
        make_party(platform)
        before = get_version()

        change(platform)

        assert get_version() > before

    def test_stays_when_a_platform_is_heard(self) -> None:
        platform = make_platform()
        before = get_version()

        Heartbeat.objects.create(platform=platform, heard_at=NOW)

        assert get_version() == before

    def test_comes_back_higher_if_the_row_is_lost(self) -> None:
        make_platform()
        before = get_version()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM parties_factsversion")

        make_platform("Green")

        assert get_version() > before


@pytest.mark.django_db(transaction=True)
def test_a_change_is_notified_once_it_is_committed() -> None:
    listener = connection.copy()
    try:
        with listener.cursor() as cursor:
            cursor.execute("LISTEN facts")
        with transaction.atomic():
            platform = make_platform()
            make_party(platform)
            listener.connection.poll()
            assert listener.connection.notifies == []

        select.select([listener.connection], [], [], 5)
        listener.connection.poll()
        assert [notice.channel for notice in listener.connection.notifies] == ["facts"]
    finally:
        listener.close()


def make_hub(name: str = "Other hub", party: PartyId = HU2, **changes: Any) -> Platform:
    platform = make_platform(name, **changes)
    make_party(platform, party, role="HUB")
    return platform


def put_behind(platform: Platform, party: PartyId = BEHIND, **changes: Any) -> PartyBehind:
    values: dict[str, object] = {"role": "EMSP", "status": "CONNECTED", "last_updated": NOW, "changed_at": NOW}
    return PartyBehind.objects.create(
        platform=platform, country_code=party.country_code, party_id=party.party_id, **(values | changes)
    )


def get_statuses(party: PartyId = BEHIND) -> list[tuple[int, str]]:
    return [(node.platform, str(node.status)) for node in load_facts().network.get_nodes(party)]


class TestBehindHubs:  # ROUTE-46, HCI-16
    def test_are_nodes_on_the_hubs_platform(self) -> None:
        hub = make_hub()
        put_behind(hub)

        network = load_facts().network

        [node] = network.get_nodes(BEHIND)
        assert (node.platform, node.role, node.via) == (hub.id, Role.EMSP, HU2)
        assert network.is_hub(hub.id)
        assert {n.party for n in network.get_parties_of(hub.id)} == {HU2, BEHIND}
        assert [n.party for n in network.get_own_parties_of(hub.id)] == [HU2]

    @pytest.mark.parametrize(
        ("hub", "announced", "found"),
        [
            ({}, "OFFLINE", "OFFLINE"),
            ({"is_online": False}, "CONNECTED", "OFFLINE"),
            ({"is_online": False}, "PLANNED", "PLANNED"),
            ({"state": "SUSPENDED"}, "CONNECTED", "SUSPENDED"),
            ({"state": "PLANNED"}, "CONNECTED", "PLANNED"),
        ],
    )
    def test_are_there_if_both_are(self, hub: dict[str, Any], announced: str, found: str) -> None:
        platform = make_hub(**hub)
        put_behind(platform, status=announced)

        assert get_statuses() == [(platform.id, found)]

    @pytest.mark.parametrize("party", [CPO, HUB, HU2])
    def test_are_not_who_is_here(self, party: PartyId) -> None:
        direct, hub = make_platform(), make_hub()
        make_party(direct, is_active=False)  # even withdrawn: staff decides what becomes of it
        put_behind(hub, party)

        assert all(node.via is None for node in load_facts().network.get_nodes(party))

    def test_are_behind_one_hub_only(self) -> None:
        first, second = make_hub(), make_hub("Third hub", PartyId("FI", "HU3"))
        put_behind(first, status="SUSPENDED")
        held = put_behind(second)
        put_behind(first, role="CPO")  # behind staff's back: the first row wins

        assert get_statuses() == [(second.id, "CONNECTED")]
        held.delete()
        assert get_statuses() == [(first.id, "SUSPENDED"), (first.id, "CONNECTED")]

    def test_end_with_the_hub_being_one(self) -> None:
        hub = make_hub()
        put_behind(hub)
        Party.objects.filter(platform=hub).update(is_active=False)

        network = load_facts().network

        assert not network.is_hub(hub.id)
        assert get_statuses() == [(hub.id, "SUSPENDED")]
        assert network.get_parties_of(hub.id) == ()

    def test_do_not_move_a_suspended_ones_moment(self) -> None:  # HCI-15
        hub = make_hub(changed_at=NOW + timedelta(hours=2))
        put_behind(hub, status="SUSPENDED", changed_at=NOW)
        put_behind(hub, PartyId("DK", "R4X"), changed_at=NOW)

        moments = [load_facts().network.get_nodes(PartyId("DK", id))[0].changed_at for id in ("R4E", "R4X")]

        assert moments == [NOW, NOW + timedelta(hours=2)]

    def test_a_change_of_them_is_a_change_of_the_facts(self) -> None:
        before = get_version()
        row = put_behind(make_hub())
        between = get_version()
        row.delete()

        assert before < between < get_version()
