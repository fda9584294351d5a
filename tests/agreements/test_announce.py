"""What HubClientInfo shows to whom (HCI-02 to HCI-04, HCI-15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agreements.announce import client_infos
from ocpi import wire
from ocpi.calls import ConnectionStatus, PartyId, Role
from ocpi.configuration.v2_2_1 import ClientInfo
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, pair_key

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HUB = PartyId("NL", "HUB")
CPA, CPB, MIX = PartyId("DE", "CPA"), PartyId("DE", "CPB"), PartyId("FR", "MIX")
MSA, MSB = PartyId("NL", "MSA"), PartyId("IT", "MSB")
OTHER_HUB = PartyId("SE", "HU2")
CPO_SIDE, EMSP_SIDE = 1, 2


def node(party: PartyId, role: Role, platform: int = CPO_SIDE, status: str = "CONNECTED") -> Node:
    return Node(party=party, role=role, platform=platform, status=ConnectionStatus(status), changed_at=NOW - 9 * HOUR)


def permit(start: datetime = NOW - 5 * HOUR, end: datetime | None = None, changed: datetime | None = None) -> Permit:
    modules = frozenset({"locations"})
    return Permit(modules=modules, valid_from=start, valid_until=end, changed_at=changed or start)


def network(permits: dict[tuple[PartyId, PartyId], tuple[Permit, ...]], *nodes: Node) -> Network:
    standard = (node(CPA, Role.CPO), node(CPB, Role.CPO), node(MSA, Role.EMSP, EMSP_SIDE), node(MSB, Role.EMSP, 3))
    return Network(
        hub=HUB,
        nodes=build_nodes(nodes or standard),
        platforms={},
        permits={pair_key(one, other): found for (one, other), found in permits.items()},
    )


def names(facts: Network, platform: int = EMSP_SIDE, now: datetime = NOW) -> list[str]:
    return [
        f"{info['country_code']}/{info['party_id']} {info['role']} {info['status']}"
        for info in client_infos(facts, platform_id=platform, now=now)
    ]


class TestClientInfos:
    def test_show_partners_and_nobody_else(self) -> None:
        facts = network({(CPA, MSA): (permit(),), (CPB, MSB): (permit(),)})

        assert names(facts, EMSP_SIDE) == ["DE/CPA CPO CONNECTED"]
        assert names(facts, CPO_SIDE) == ["IT/MSB EMSP CONNECTED", "NL/MSA EMSP CONNECTED"]
        assert names(facts, 3) == ["DE/CPB CPO CONNECTED"]
        assert names(facts, 4) == []

    def test_leave_out_own_roles_and_the_hub(self) -> None:
        facts = network(
            {(CPA, CPB): (permit(),), (MSA, HUB): (permit(),), (CPA, MSA): (permit(),)},
            *(node(CPA, Role.CPO), node(CPB, Role.CPO), node(MSA, Role.EMSP, EMSP_SIDE), node(HUB, Role.HUB, 9)),
        )

        assert names(facts, CPO_SIDE) == ["NL/MSA EMSP CONNECTED"]
        assert names(facts, EMSP_SIDE) == ["DE/CPA CPO CONNECTED"]

    def test_show_each_role_once_whatever_its_status(self) -> None:
        facts = network(
            {(MIX, MSA): (permit(), permit())},
            node(MIX, Role.EMSP, 3, "PLANNED"),
            node(MIX, Role.CPO, CPO_SIDE, "SUSPENDED"),
            node(MSA, Role.EMSP, EMSP_SIDE),
        )

        assert names(facts) == ["FR/MIX CPO SUSPENDED", "FR/MIX EMSP PLANNED"]

    def test_show_only_while_an_agreement_holds(self) -> None:
        facts = network({(CPA, MSA): (permit(NOW, NOW + HOUR),)})

        assert names(facts, now=NOW - HOUR) == []
        assert len(names(facts, now=NOW)) == 1
        assert names(facts, now=NOW + HOUR) == []

    def test_last_updated_is_the_later_of_status_and_visibility(self) -> None:
        def last_updated(*permits: Permit) -> str:
            [info] = client_infos(network({(CPA, MSA): permits}), platform_id=EMSP_SIDE, now=NOW)
            return info["last_updated"]

        assert last_updated(permit(NOW - 20 * HOUR)) == "2026-03-01T03:00:00Z"  # the node's
        assert last_updated(permit(NOW - 5 * HOUR)) == "2026-03-01T07:00:00Z"  # began to hold
        assert last_updated(permit(NOW - 5 * HOUR, changed=NOW - 2 * HOUR)) == "2026-03-01T10:00:00Z"
        # A second agreement shows nothing new: a delta GET stays empty (HCI-15).
        assert last_updated(permit(NOW - 5 * HOUR), permit(NOW - HOUR)) == "2026-03-01T07:00:00Z"

    def test_tell_a_hub_of_partners_of_those_behind_it_and_of_those_who_are_nowhere(self) -> None:  # ROUTE-46
        def behind(party: PartyId, status: str) -> Node:
            return replace(node(party, Role.EMSP, 9, status), via=OTHER_HUB)

        def seen(*more: Node, is_hub: bool = True) -> list[str]:
            hub = PlatformFacts(id=9, name="hub", hub=OTHER_HUB if is_hub else None)
            nodes = (node(CPA, Role.CPO), node(CPB, Role.CPO, 4), node(OTHER_HUB, Role.HUB, 9), *more)
            facts = network({(CPA, MSA): (permit(),), (CPB, MSB): (permit(),)}, *nodes)
            return names(replace(facts, platforms={9: hub}), 9)

        both = ["DE/CPA CPO CONNECTED", "DE/CPB CPO CONNECTED"]
        assert seen() == both  # neither eMSP is anywhere: who could reach them but another hub?
        assert seen(node(MSB, Role.EMSP, 3)) == both[:1]
        assert seen(node(MSB, Role.EMSP, 3), behind(MSA, "PLANNED")) == both[:1]
        assert seen(node(MSB, Role.EMSP, 3), replace(behind(MSA, "CONNECTED"), platform=5)) == []
        assert seen(behind(MSA, "SUSPENDED"), node(MSB, Role.EMSP, 3)) == both[:1]  # it may announce it anew
        assert seen(is_hub=False) == []

    def test_tell_a_hub_nothing_of_its_own(self) -> None:
        own = (replace(node(CPA, Role.CPO, 9), via=OTHER_HUB), replace(node(MSA, Role.EMSP, 9), via=OTHER_HUB))
        facts = network({(CPA, MSA): (permit(),)}, *own, node(OTHER_HUB, Role.HUB, 9))

        assert names(facts, 9) == []

    def test_are_valid_client_infos(self) -> None:
        facts = network({(CPA, MSA): (permit(),)})

        for info in client_infos(facts, platform_id=EMSP_SIDE, now=NOW):
            assert wire.decode(wire.encode(info), type=ClientInfo).party_id == "CPA"
