"""Where a call goes, as a table of situations. No mocks: facts in, decision out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.calls import Call, ConnectionStatus, Delivery, Interface, PartyId, Role
from ocpi.module import Module, Resolved
from routing.decide import Answer, Ask, Broadcast, Forward, Reject, decide, is_wanted_by
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, pair_key

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HUB = PartyId("NL", "HUB")
CPO = PartyId("NL", "CPO")
EMSP = PartyId("FR", "MSP")
STRANGER = PartyId("XX", "ZZZ")


class Locations(Module):
    id = "locations"
    broadcast = True
    owner_roles = frozenset({Role.CPO, Role.NAP})


class Sessions(Module):
    id = "sessions"
    owner_roles = frozenset({Role.CPO})


def node(party: PartyId, role: Role, platform: int, status: ConnectionStatus = ConnectionStatus.CONNECTED) -> Node:
    return Node(party=party, role=role, platform=platform, status=status)


def permit(**changes: Any) -> Permit:
    return Permit(**{"modules": frozenset({"locations", "sessions"}), "valid_from": NOW - timedelta(days=1), **changes})


def network(
    *nodes: Node, permits: tuple[Permit, ...] = (), offers: tuple[str, ...] = ("locations", "sessions")
) -> Network:
    nodes = nodes or (node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2))
    endpoints = {(module, i): f"https://p/{module}/{i}" for module in offers for i in Interface}
    return Network(
        hub=HUB,
        nodes=build_nodes(nodes),
        platforms={n.platform: PlatformFacts(id=n.platform, name=str(n.platform), endpoints=endpoints) for n in nodes},
        permits={pair_key(CPO, EMSP): permits or (permit(),)},
    )


def call(**changes: Any) -> Call:
    facts = {"module": "locations", "interface": Interface.RECEIVER, "method": "PUT", "path": ("NL", "CPO", "L1")}
    return Call(**{"sender": CPO, "receiver": EMSP, **facts, **changes})


class TestAddressed:
    def test_is_forwarded_to_the_same_interface_of_the_receiver(self):
        decision = decide(call(), network(), Locations(), now=NOW)

        assert isinstance(decision, Forward)
        assert decision.url == "https://p/locations/RECEIVER"
        assert decision.addressed

    def test_rejects_a_receiver_nobody_knows(self):  # ROUTE-15
        decision = decide(call(receiver=STRANGER), network(), Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4001

    @pytest.mark.parametrize("status", [s for s in ConnectionStatus if s is not ConnectionStatus.CONNECTED])
    def test_rejects_a_receiver_that_is_not_connected(self, status):  # ROUTE-17
        away = network(node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2, status))

        decision = decide(call(), away, Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4003

    @pytest.mark.parametrize(
        "permits",
        [
            (permit(modules=frozenset({"tariffs"})),),
            (permit(valid_from=NOW + timedelta(seconds=1)),),
            (permit(valid_until=NOW),),
        ],
        ids=["another module", "not yet", "not any more"],
    )
    def test_rejects_without_an_agreement_in_force(self, permits):  # ROUTE-22
        decision = decide(call(), network(permits=permits), Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4003

    def test_rejects_a_module_the_receiver_does_not_offer(self):  # ROUTE-18
        decision = decide(call(), network(offers=("sessions",)), Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4000

    def test_ignores_the_case_of_ids(self):  # TRANS-40
        decision = decide(call(receiver=PartyId("fr", "msp")), network(), Locations(), now=NOW)

        assert isinstance(decision, Forward)

    def test_waits_for_an_offline_receiver_only_under_store_and_forward(self):  # AMB-20
        nodes = (node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2, ConnectionStatus.OFFLINE))
        waiting = network(*nodes, permits=(permit(delivery_by_module={"locations": Delivery.STORE_AND_FORWARD}),))

        push = decide(call(), waiting, Locations(), now=NOW)
        get = decide(call(method="GET"), waiting, Locations(), now=NOW)

        assert isinstance(push, Forward)
        assert push.delivery is Delivery.STORE_AND_FORWARD
        assert isinstance(get, Reject)

    def test_finds_the_platform_that_offers_the_module(self):  # ROUTE-08
        twice = network(node(CPO, Role.CPO, 1), node(EMSP, Role.CPO, 2), node(EMSP, Role.EMSP, 3))
        facts = {**twice.platforms, 2: replace(twice.platforms[2], endpoints={})}

        decision = decide(call(), replace(twice, platforms=facts), Locations(), now=NOW)

        assert isinstance(decision, Forward)
        assert decision.node.platform == 3


class TestToTheHub:
    @pytest.mark.parametrize("receiver", [HUB, None])
    def test_broadcasts_what_is_everybodys(self, receiver):  # ROUTE-23, ROUTE-38
        assert isinstance(decide(call(receiver=receiver), network(), Locations(), now=NOW), Broadcast)

    def test_refuses_a_broadcast_of_a_party_that_owns_no_such_objects(self):  # LOC-19
        decision = decide(call(sender=EMSP, receiver=HUB), network(), Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.http_status == 404

    def test_never_broadcasts_a_session(self):  # ROUTE-30
        push = call(module="sessions", receiver=HUB)

        found = decide(push, network(), Sessions(), now=NOW, resolved=Resolved(EMSP))
        lost = decide(push, network(), Sessions(), now=NOW)

        assert isinstance(found, Forward)
        assert not found.addressed
        assert isinstance(lost, Reject)
        assert lost.error.status_code == 4001

    def test_answers_a_list_from_the_store(self):  # ROUTE-39
        asked = call(method="GET", interface=Interface.SENDER, path=(), sender=EMSP, receiver=HUB)

        assert isinstance(decide(asked, network(), Locations(), now=NOW), Answer)

    @pytest.mark.parametrize(("resolved", "code"), [(Resolved(), 2001), (Resolved(ambiguous=True), 2002)])
    def test_never_guesses_whose_object_is_meant(self, resolved, code):  # table 2a
        asked = call(method="GET", interface=Interface.SENDER, path=("L1",), sender=EMSP, receiver=None)

        decision = decide(asked, network(), Locations(), now=NOW, resolved=resolved)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == code


class TestBroadcastReceivers:
    @pytest.mark.parametrize(
        ("sender", "receiver", "wanted"),
        [
            (Role.CPO, Role.EMSP, True),
            (Role.CPO, Role.NSP, True),
            (Role.CPO, Role.OTHER, True),
            (Role.CPO, Role.NAP, True),
            (Role.CPO, Role.CPO, False),
            (Role.CPO, Role.SCSP, False),
            (Role.EMSP, Role.CPO, True),
            (Role.EMSP, Role.EMSP, False),
            (Role.OTHER, Role.CPO, True),
            (Role.OTHER, Role.EMSP, False),
        ],
    )
    def test_are_of_the_opposite_kind(self, sender, receiver, wanted):  # ROUTE-25
        assert is_wanted_by(node(CPO, sender, 1), node(EMSP, receiver, 2)) is wanted

    def test_are_never_on_the_senders_own_platform(self):  # ROUTE-33
        assert not is_wanted_by(node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 1))


class TestNetwork:
    def test_knows_partners_by_module_and_time(self):
        facts = network(permits=(permit(modules=frozenset({"sessions"}), valid_until=NOW),))

        assert facts.get_partners(EMSP, module="sessions", at=NOW - timedelta(seconds=1)) == {"nlcpo"}
        assert facts.get_partners(EMSP, module="sessions", at=NOW) == frozenset()
        assert facts.get_partners(EMSP, module="locations", at=NOW - timedelta(seconds=1)) == frozenset()


class TestAsk:
    """Where nobody can say whose it is: all partners who own such objects and offer the interface (table 2a)."""

    OTHER = PartyId("IT", "MSX")
    RESOLVED = Resolved(ask=True)

    def decide(self, *nodes: Node, offers: tuple[str, ...] = ("tokens",), partners: tuple[PartyId, ...] = ()) -> Ask:
        class Tokens(Module):
            id = "tokens"
            owner_roles = frozenset({Role.EMSP, Role.OTHER})

        facts = network(*nodes, offers=offers)
        permits = {pair_key(CPO, party): (permit(modules=frozenset({"tokens"})),) for party in partners}
        asking = call(
            module="tokens", interface=Interface.SENDER, method="POST", path=("1", "authorize"), receiver=None
        )
        decision = decide(asking, replace(facts, permits=permits), Tokens(), now=NOW, resolved=self.RESOLVED)
        assert isinstance(decision, Ask)
        return decision

    def test_names_all_partners_and_nobody_else(self):
        nodes = (node(EMSP, Role.EMSP, 2), node(self.OTHER, Role.EMSP, 3), node(STRANGER, Role.EMSP, 4))

        decision = self.decide(*nodes, partners=(EMSP, self.OTHER))

        assert [forward.node.party for forward in decision.asked] == [EMSP, self.OTHER]
        assert {forward.url for forward in decision.asked} == {"https://p/tokens/SENDER"}
        assert not any(forward.addressed for forward in decision.asked)

    def test_leaves_out_who_owns_no_tokens(self):
        decision = self.decide(node(EMSP, Role.CPO, 2), node(self.OTHER, Role.OTHER, 3), partners=(EMSP, self.OTHER))

        assert [forward.node.party for forward in decision.asked] == [self.OTHER]

    def test_leaves_out_who_does_not_offer_it(self):  # TOK-16
        assert self.decide(node(EMSP, Role.EMSP, 2), offers=("locations",), partners=(EMSP,)) == Ask(())

    def test_names_those_who_are_away(self):
        away = node(EMSP, Role.EMSP, 2, ConnectionStatus.OFFLINE)
        gone = node(self.OTHER, Role.EMSP, 3, ConnectionStatus.SUSPENDED)

        assert self.decide(away, gone, partners=(EMSP, self.OTHER)) == Ask((), (EMSP,))
