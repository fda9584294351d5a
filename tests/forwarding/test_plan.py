"""Who is told what: tables over the pure plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from forwarding.plan import Planned, Roster, Step, coalesce, judge, plan_event
from ocpi.calls import ConnectionStatus, Delivery, PartyId, Role, Version
from routing.network import Network, build_nodes, pair_key
from tests.forwarding.cast import (
    CPO,
    EMSP,
    HUB,
    LONG_AGO,
    NOW,
    OTHER_EMSP,
    event,
    network,
    node,
    offer,
    permit,
)

SF = Delivery.STORE_AND_FORWARD


def plan(given, facts: Network | None = None, *, platform: int = 2, now=NOW) -> tuple[Planned, ...]:
    return plan_event(given, platform=platform, roster=Roster(facts or network()), now=now)


class TestBroadcast:
    def test_goes_from_the_hub_to_the_party_at_the_owners_path(self):
        (planned,) = plan(event())

        assert (planned.sender, planned.receiver) == (HUB, EMSP)  # ROUTE-24
        assert planned.url == "https://p2.example/locations/NL/CPO/LOC1"  # ROUTE-27

    def test_a_party_without_agreement_hears_nothing(self):
        assert plan(event(), platform=3) == ()

    def test_the_origin_hears_no_echo(self):
        facts = network(
            nodes=build_nodes([node(CPO, Role.CPO, platform=2), node(EMSP, Role.EMSP, platform=2)]),
        )

        assert plan(event(origin=2), facts) == ()  # ROUTE-33
        assert len(plan(event(origin=1), facts)) == 1

    @pytest.mark.parametrize(
        ("role", "sender_role", "hears"),
        [
            (Role.EMSP, "CPO", True),
            (Role.NSP, "CPO", True),
            (Role.NAP, "CPO", True),
            (Role.OTHER, "CPO", True),
            (Role.CPO, "CPO", False),
            (Role.SCSP, "CPO", False),
            (Role.CPO, "EMSP", True),
            (Role.EMSP, "EMSP", False),
            (Role.CPO, "OTHER", True),
            (Role.EMSP, "OTHER", False),
            (Role.EMSP, "NAP", True),
        ],
    )
    def test_only_the_opposite_kind_hears_it(self, role: Role, sender_role: str, hears: bool):
        facts = network(nodes=build_nodes([node(EMSP, role, platform=2)]))

        assert bool(plan(event(sender_role=sender_role), facts)) is hears  # ROUTE-25

    def test_a_platform_without_the_module_hears_nothing(self):
        facts = network(platforms={2: offer(2, "tariffs")})

        assert plan(event(), facts) == ()  # ROUTE-26

    def test_another_version_is_never_sent_untranslated(self):
        assert plan(event(version="2.1.1")) == ()

    def test_one_request_per_party_however_many_roles_it_has(self):
        facts = network(nodes=build_nodes([node(EMSP, Role.EMSP, platform=2), node(EMSP, Role.NSP, platform=2)]))

        assert len(plan(event(), facts)) == 1

    def test_one_request_for_each_party_of_a_platform(self):
        facts = network(
            nodes=build_nodes([node(EMSP, Role.EMSP, platform=2), node(OTHER_EMSP, Role.EMSP, platform=2)]),
            permits={pair_key(CPO, EMSP): (permit(),), pair_key(CPO, OTHER_EMSP): (permit(),)},
        )

        assert {planned.receiver for planned in plan(event(), facts)} == {EMSP, OTHER_EMSP}

    @pytest.mark.parametrize(
        ("changes", "hears"),
        [
            ({}, True),
            ({"modules": frozenset({"tariffs"})}, False),
            ({"valid_until": NOW}, False),  # over when it happened
            ({"valid_until": NOW + timedelta(seconds=5)}, False),  # over when it is sent
            ({"valid_from": NOW + timedelta(seconds=5)}, False),  # not yet when it happened
            ({"valid_until": NOW + timedelta(seconds=30)}, True),
        ],
    )
    def test_the_agreement_holds_when_it_happened_and_when_it_is_sent(self, changes: dict, hears: bool):
        facts = network(permits={pair_key(CPO, EMSP): (permit(**changes),)})

        assert bool(plan(event(at=NOW), facts, now=NOW + timedelta(seconds=10))) is hears

    @pytest.mark.parametrize("status", [ConnectionStatus.SUSPENDED, ConnectionStatus.PLANNED])
    def test_who_is_not_there_is_not_told(self, status: ConnectionStatus):
        facts = network(nodes=build_nodes([node(EMSP, Role.EMSP, platform=2, status=status)]))

        assert plan(event(), facts) == ()


class TestDirected:
    session = event(
        module="sessions", path="NL/CPO/S1", object_key="sessions:nlcpo:s1", receiver=EMSP.key, sender_role=""
    )

    def test_keeps_its_sender(self):
        (planned,) = plan(self.session)

        assert (planned.sender, planned.receiver, planned.policy) == (CPO, EMSP, SF)

    def test_only_the_receivers_platform_delivers(self):
        assert plan(self.session, platform=1) == ()
        assert plan(self.session, platform=3) == ()

    def test_a_party_of_two_platforms_is_told_once(self):
        facts = network(
            nodes=build_nodes([node(EMSP, Role.CPO, platform=1), node(EMSP, Role.EMSP, platform=2)]),
            platforms={1: offer(1, "tokens"), 2: offer(2, "sessions")},
        )

        assert [len(plan(self.session, facts, platform=platform)) for platform in (1, 2)] == [0, 1]

    @pytest.mark.parametrize(
        ("facts", "word"),
        [
            (network(permits={}), "agreement"),
            (network(platforms={2: offer(2, "tariffs")}), "does not offer"),
        ],
    )
    def test_what_was_accepted_is_never_forgotten(self, facts: Network, word: str):
        (planned,) = plan(self.session, facts)

        assert word in planned.obstacle


class TestClientInfo:
    info = event(module="hubclientinfo", path="NL/CPO", object_key="hubclientinfo:2:nlcpo:CPO", sender="", origin=None)

    def test_goes_to_the_platform_it_was_made_for_without_routing_headers(self):
        (planned,) = plan(self.info)

        assert (planned.sender, planned.receiver) == (None, None)  # HCI-05
        assert planned.url == "https://p2.example/hubclientinfo/NL/CPO"  # HCI-07
        assert plan(self.info, platform=3) == ()

    def test_a_hub_is_told_whatever_those_behind_it_are(self):  # ROUTE-46
        behind = replace(node(EMSP, Role.EMSP, platform=2, status=ConnectionStatus.OFFLINE), via=HUB)
        hub = node(PartyId("SE", "HU2"), Role.HUB, platform=2)

        (planned,) = plan(self.info, network(nodes=build_nodes([behind, hub])))

        assert planned.status is ConnectionStatus.CONNECTED

    def test_a_platform_that_does_not_listen_is_not_told(self):
        assert plan(self.info, network(platforms={2: offer(2, "locations")})) == ()


class TestJudge:
    @pytest.mark.parametrize(
        ("policy", "status", "age", "step"),
        [
            (Delivery.RELAY, ConnectionStatus.CONNECTED, 0, Step.SEND),
            (Delivery.RELAY, ConnectionStatus.CONNECTED, 60, Step.SEND),
            (Delivery.RELAY, ConnectionStatus.CONNECTED, 61, Step.SKIP),
            (Delivery.RELAY, ConnectionStatus.OFFLINE, 0, Step.SKIP),
            (SF, ConnectionStatus.CONNECTED, 86_400, Step.SEND),
            (SF, ConnectionStatus.OFFLINE, 0, Step.WAIT),
            (SF, ConnectionStatus.SUSPENDED, 0, Step.WAIT),
        ],
    )
    def test_by_policy_status_and_age(self, policy: Delivery, status: ConnectionStatus, age: int, step: Step):
        (any_one,) = plan(event())
        planned = msgspec.structs.replace(any_one, policy=policy, status=status)

        assert judge(planned, now=NOW + timedelta(seconds=age))[0] is step


class TestCoalesce:
    def kept(self, *events) -> list[int]:
        facts = network()
        return [one.event.id for one in coalesce([one for given in events for one in plan(given, facts)])]

    def test_a_newer_full_state_makes_waiting_ones_needless(self):
        events = [event(1, method="PATCH"), event(2, supersedes=True), event(3, supersedes=True)]

        assert self.kept(*events) == [3]

    def test_what_cannot_be_sent_makes_nothing_needless(self):
        """It came while the two had no agreement."""
        permits = permit(valid_until=NOW + timedelta(seconds=1)), permit(valid_from=NOW + timedelta(seconds=3))
        facts = network(permits={pair_key(CPO, EMSP): permits})
        state = event(1, receiver=EMSP.key)
        newer = event(2, receiver=EMSP.key, supersedes=True, at=NOW + timedelta(seconds=2))

        kept = coalesce([one for given in (state, newer) for one in plan(given, facts, now=NOW + timedelta(seconds=5))])

        assert [(one.event.id, bool(one.obstacle)) for one in kept] == [(1, False), (2, True)]

    def test_deeper_paths_too_but_not_shallower_ones(self):
        evse = event(1, method="PATCH", path="NL/CPO/LOC1/E1")
        location = event(2, supersedes=True)
        newer_evse = event(3, supersedes=True, path="NL/CPO/LOC1/E1")

        assert self.kept(evse, location, newer_evse) == [2, 3]

    def test_a_name_that_only_begins_alike_is_another_object(self):
        assert self.kept(event(1, path="NL/CPO/LOC1/E12"), event(2, supersedes=True, path="NL/CPO/LOC1/E1")) == [1, 2]

    def test_patches_stay_in_their_order(self):
        assert self.kept(event(1, supersedes=True), event(2, method="PATCH"), event(3, method="PATCH")) == [1, 2, 3]

    def test_other_objects_are_untouched(self):
        other = event(1, path="NL/CPO/LOC2", object_key="locations:nlcpo:loc2")

        assert self.kept(other, event(2, supersedes=True)) == [1, 2]

    def test_tokens_of_two_types_are_two_objects(self):
        assert self.kept(event(1, query="type=RFID"), event(2, query="type=APP_USER", supersedes=True)) == [1, 2]

    def test_what_was_posted_is_never_left_out(self):
        cdrs = [event(n, module="cdrs", method="POST", path="", receiver=EMSP.key) for n in (1, 2)]

        assert self.kept(*cdrs, event(3, module="cdrs", path="", receiver=EMSP.key, supersedes=True)) == [1, 2, 3]

    def test_a_push_to_one_party_and_a_broadcast_are_two_states(self):
        assert self.kept(event(1, receiver=EMSP.key), event(2, supersedes=True)) == [1, 2]


def test_versions_are_compared_as_they_are_written():
    assert str(Version.V2_2_1) == event().version


def test_nothing_reaches_back_before_the_agreement():
    facts = network(permits={pair_key(CPO, EMSP): (permit(valid_from=NOW),)})

    assert plan(event(at=LONG_AGO), facts) == ()
