"""The final table of the scenario: one row per partner, counted at the partners themselves and asked of the hub."""

from __future__ import annotations

from typing import Any

from simulator.cast import find_partners
from simulator.figures import Row
from simulator.scenario import Scenario

_PUSHED = ("locations", "tariffs", "tokens", "sessions", "cdrs")
_DELIVERED = ("sessions", "cdrs")


def build_rows(scenario: Scenario) -> list[Row]:
    by_party = {_plain(one["party"]): one for one in scenario.hub.get_reconciliation().get("by_party", [])}
    return [_build_row(scenario, party, by_party.get(_plain(party))) for party in scenario.parties]


def _plain(party: str) -> str:
    """A party however it is written: "NL*CPO", "nlcpo"."""
    return party.replace("*", "").lower()


def _build_row(scenario: Scenario, party: str, reconciled: dict[str, Any] | None) -> Row:
    """Objects, each once: what a party sent, what it received from others, what GET All shows it, and what of
    its sessions and CDRs is at the addressee (of a CPO), or came (of an eMSP)."""
    report = scenario.get_home(party).get_report()
    own, received = report["own"].get(party, {}), report["received"].get(party, {})
    visible = sum(pull["count"] for (puller, _), pull in scenario.pulled.items() if puller == party)
    if scenario.get_role(party) == "EMSP":
        delivered = sum(received.get(module, 0) for module in _DELIVERED)
    else:
        delivered = sum(
            _count_at(scenario, emsp, module, owner=party) for emsp in find_partners(party) for module in _DELIVERED
        )
    return Row(
        party=party,
        role=scenario.get_role(party),
        sent=sum(own.get(module, 0) for module in _PUSHED),
        received=sum(received.values()),
        visible=visible,
        delivered=delivered,
        reconciled=reconciled["reconciled"] if reconciled else None,
        findings=reconciled["findings"] if reconciled else None,
    )


def _count_at(scenario: Scenario, emsp: str, module: str, *, owner: str) -> int:
    keys = scenario.get_home(emsp).get_objects(kind="received", party=emsp, module=module)
    return sum(key.startswith(f"{owner}/") for key in keys)
