"""Where a call goes, as a table of situations. No mocks: facts in, decision out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from ocpi.calls import Call, ConnectionStatus, Delivery, Interface, PartyId, Role
from ocpi.module import Module, Resolved
from routing.decide import Answer, Ask, Broadcast, Forward, Reject, decide, is_wanted_by
from routing.network import Mandate, Network, Node, Permit, PlatformFacts, build_nodes, get_worse, pair_key

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HUB = PartyId("NL", "HUB")
CPO = PartyId("NL", "CPO")
EMSP = PartyId("FR", "MSP")
STRANGER = PartyId("XX", "ZZZ")


class Locations(Module):
    id = "locations"
    broadcast = True
    can_wait = True
    owner_roles = frozenset({Role.CPO, Role.NAP})


class Sessions(Module):
    id = "sessions"
    can_wait = True
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

    @pytest.mark.parametrize(
        ("changes", "terms"),
        [
            ({}, "what they agreed on"),
            ({"module": "sessions"}, ""),
            ({"method": "GET"}, ""),
            ({"interface": Interface.SENDER, "method": "POST"}, ""),
        ],
    )
    def test_brings_the_terms_by_which_a_push_is_judged(self, changes, terms):
        agreed = network(permits=(permit(terms={"locations": "what they agreed on"}),))

        decision = decide(call(**changes), agreed, Locations(), now=NOW)

        assert isinstance(decision, Forward)
        assert decision.terms == terms

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


class Commands(Module):
    id = "commands"
    owner_roles = frozenset({Role.EMSP})

    def get_action(self, call):
        return call.path[0]


class TestCommands:
    def ask(self, *permits: Permit, command: str = "UNLOCK_CONNECTOR", status=ConnectionStatus.CONNECTED) -> Any:
        nodes = (node(CPO, Role.CPO, 1, status), node(EMSP, Role.EMSP, 2))
        facts = network(*nodes, permits=permits, offers=("commands",))
        asking = call(module="commands", method="POST", path=(command,), sender=EMSP, receiver=CPO)
        return decide(asking, facts, Commands(), now=NOW)

    def permit(self, **changes: Any) -> Permit:
        return permit(modules=frozenset({"commands"}), **changes)

    def test_are_all_allowed_where_none_is_named(self):
        assert isinstance(self.ask(self.permit()), Forward)

    def test_pass_only_if_their_agreement_names_them(self):  # CMD-15
        some = self.permit(actions=frozenset({"START_SESSION"}))

        refused = self.ask(some)

        assert refused.error.status_code == 4003
        assert "takes no UNLOCK_CONNECTOR from FR*MSP" in refused.error.message
        assert isinstance(self.ask(some, command="START_SESSION"), Forward)
        assert isinstance(self.ask(some, self.permit(actions=frozenset({"UNLOCK_CONNECTOR"}))), Forward)

    def test_never_wait(self):
        refused = self.ask(self.permit(delivery=Delivery.STORE_AND_FORWARD), status=ConnectionStatus.OFFLINE)

        assert isinstance(refused, Reject)
        assert refused.error.status_code == 4003


class TestMandates:
    def facts(self, **changes: Any) -> Network:
        given = {"modules": frozenset({"sessions"}), "valid_from": NOW - timedelta(days=1), **changes}
        return replace(network(), mandates={STRANGER.key: {EMSP.key: (Mandate(**given),)}})

    def test_hold_for_their_modules_and_time(self):
        facts, ended = self.facts(), self.facts(valid_until=NOW)

        assert facts.get_principals(STRANGER, module="sessions", at=NOW) == {EMSP.key}
        assert facts.get_principals(STRANGER, module="cdrs", at=NOW) == frozenset()
        assert facts.get_principals(STRANGER, module="sessions", at=NOW - timedelta(days=2)) == frozenset()
        assert ended.get_principals(STRANGER, module="sessions", at=NOW) == frozenset()
        assert facts.get_principals(EMSP, module="sessions", at=NOW) == frozenset()  # not the other way round


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


HU2 = PartyId("SE", "HU2")
BEHIND = PartyId("DK", "R4E")


def chain(status: ConnectionStatus = ConnectionStatus.CONNECTED, *others: Node) -> Network:
    """FR*MSP as it is; DK*R4E behind the hub on platform 9."""
    behind = replace(node(BEHIND, Role.EMSP, 9, status), via=HU2)
    found = network(node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2), node(HU2, Role.HUB, 9), behind, *others)
    return replace(found, permits={pair_key(CPO, BEHIND): (permit(),), pair_key(EMSP, BEHIND): (permit(),)})


class TestChains:  # ROUTE-46
    def test_the_way_to_a_party_behind_a_hub_is_the_hubs_endpoint(self):
        decision = decide(call(receiver=BEHIND), chain(), Locations(), now=NOW, origin=1)

        assert isinstance(decision, Forward)
        assert (decision.node.platform, decision.url) == (9, "https://p/locations/RECEIVER")

    def test_no_way_leads_back_to_the_hub_the_call_came_from(self):
        decision = decide(call(receiver=BEHIND), chain(), Locations(), now=NOW, origin=9)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4000

    def test_a_call_to_the_hub_itself_may_come_from_its_own_platform(self):  # ROUTE-33
        facts = replace(chain(), permits={pair_key(BEHIND, HU2): (permit(),)})

        decision = decide(call(sender=BEHIND, receiver=HU2), facts, Locations(), now=NOW, origin=9)

        assert isinstance(decision, Forward)

    def test_another_way_than_back_is_taken(self):
        other = replace(node(BEHIND, Role.CPO, 8), via=PartyId("FI", "HU3"))

        decision = decide(
            call(receiver=BEHIND), chain(ConnectionStatus.CONNECTED, other), Locations(), now=NOW, origin=9
        )

        assert isinstance(decision, Forward)
        assert decision.node.platform == 8

    def test_the_agreement_that_counts_is_the_owners(self):
        passed_on = call(sender=HU2, receiver=EMSP, path=("DK", "R4E", "L1"))

        def judge(**changes: Any) -> Any:
            return decide(structs.replace(passed_on, **changes), chain(), Locations(), now=NOW, origin=9)

        assert isinstance(judge(on_behalf_of=BEHIND), Forward)
        assert judge().error.status_code == 4003
        assert judge(on_behalf_of=BEHIND, receiver=CPO, module="tokens").error.status_code == 4003

    def test_what_a_hub_passes_on_does_not_wait_here(self):
        keeps = permit(delivery=Delivery.STORE_AND_FORWARD)
        facts = replace(chain(), permits={pair_key(EMSP, BEHIND): (keeps,)})

        decision = decide(call(sender=HU2, receiver=EMSP, on_behalf_of=BEHIND), facts, Locations(), now=NOW, origin=9)

        assert isinstance(decision, Forward)
        assert decision.delivery is Delivery.RELAY

    def test_who_is_asked_about_a_token_is_not_behind_the_asking_hub(self):
        tokens = Sessions()
        tokens.owner_roles = frozenset({Role.EMSP})  # type: ignore[misc]
        ask = call(module="sessions", sender=CPO, receiver=None, method="POST", interface=Interface.SENDER)
        resolved = Resolved(ask=True)

        def asked(origin: int) -> list[PartyId]:
            decision = decide(ask, chain(), tokens, now=NOW, resolved=resolved, origin=origin)
            assert isinstance(decision, Ask)
            return [one.node.party for one in decision.asked]

        assert (asked(1), asked(9)) == ([BEHIND], [])

    @pytest.mark.parametrize(
        ("status", "here", "behind"),
        [("CONNECTED", True, True), ("OFFLINE", True, True), ("PLANNED", True, False), ("SUSPENDED", False, False)],
    )
    def test_who_may_act_behind_a_hub_was_there(self, status: str, here: bool, behind: bool):
        one = node(BEHIND, Role.EMSP, 9, ConnectionStatus(status))

        assert (one.may_act, replace(one, via=HU2).may_act) == (here, behind)

    def test_the_worse_status_counts(self):
        order = [ConnectionStatus(s) for s in ("CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED")]

        for number, better in enumerate(order):
            for worse in order[number:]:
                assert get_worse(better, worse) is get_worse(worse, better) is worse
