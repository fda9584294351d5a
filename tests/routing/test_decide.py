"""Where a call goes, as a table of situations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role
from ocpi.module import Module, Resolved
from routing.decide import Answer, Broadcast, Forward, Reject, decide, is_wanted_by
from routing.network import Permit
from tests.routing.facts import CPO, EMSP, HUB, NOW, STRANGER, Locations, Sessions, call, network, node, permit


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

    @pytest.mark.parametrize(
        ("status", "changes"),
        [
            (ConnectionStatus.PLANNED, {}),
            (ConnectionStatus.SUSPENDED, {}),  # HCI-06
            (ConnectionStatus.OFFLINE, {"interface": Interface.SENDER, "method": "POST"}),
        ],
    )
    def test_waits_neither_for_who_is_not_there_nor_with_a_question(self, status, changes):
        nodes = (node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2, status))
        promised = network(*nodes, permits=(permit(delivery=Delivery.STORE_AND_FORWARD),))

        decision = decide(call(**changes), promised, Locations(), now=NOW)

        assert isinstance(decision, Reject)
        assert decision.error.status_code == 4003

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
