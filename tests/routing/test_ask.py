"""Who is asked where nobody can say whose object it is."""

from __future__ import annotations

from dataclasses import replace

from ocpi.calls import ConnectionStatus, Interface, PartyId, Role
from ocpi.module import Module, Resolved
from routing.decide import Ask, decide
from routing.network import Node, pair_key
from tests.routing.facts import CPO, EMSP, NOW, STRANGER, call, network, node, permit


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
