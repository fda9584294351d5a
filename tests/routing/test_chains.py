"""Where a call goes from and to parties behind another hub (ROUTE-46)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role
from ocpi.module import Resolved
from routing.decide import Ask, Forward, Reject, decide
from routing.network import Network, Node, get_worse, pair_key
from tests.routing.facts import CPO, EMSP, NOW, Locations, Sessions, call, network, node, permit

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
