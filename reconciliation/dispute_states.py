"""The life of a dispute: everything that decides what may be done next, and by whom, lives in this file. Pure.

    open ──accept──> accepted      the challenged side gives in
      │──withdraw──> withdrawn     the opener gives up
      │──credit────> credited      a right credit CDR came
      └──escalate──> escalated ──decide──> decided   (the hub, finally; accept, withdraw and credit still end it)

What was accepted or decided says whether the bill `stands` or `falls`. One that falls is waiting for its credit CDR:
it is held until that comes (accepted, decided ──credit──> credited).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parties.side_names import Side
from reconciliation.finding_life import NotAllowed


class DisputeState(StrEnum):
    OPEN = "open"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    CREDITED = "credited"


class Outcome(StrEnum):
    """What becomes of the bill."""

    NONE = ""
    STANDS = "stands"
    FALLS = "falls"


class Action(StrEnum):
    OPEN = "open"
    MESSAGE = "message"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    DECIDE = "decide"
    EXTEND = "extend"
    REMIND = "remind"
    CREDIT = "credit"
    REPLACE = "replace"


class Actor(StrEnum):
    OPENER = "opener"
    CHALLENGED = "challenged"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Rule:
    """`to` None: the state stays."""

    states: frozenset[DisputeState]
    actors: frozenset[Actor]
    to: DisputeState | None = None


LIVE: Final = frozenset({DisputeState.OPEN, DisputeState.ESCALATED})
JUDGED: Final = frozenset({DisputeState.ACCEPTED, DisputeState.DECIDED})
EVERYBODY: Final = frozenset(Actor)
HUB: Final = frozenset({Actor.HUB})

RULES: Final[Mapping[Action, Rule]] = {
    Action.MESSAGE: Rule(LIVE | JUDGED, EVERYBODY),
    Action.ACCEPT: Rule(LIVE, frozenset({Actor.CHALLENGED}), DisputeState.ACCEPTED),
    Action.WITHDRAW: Rule(LIVE, frozenset({Actor.OPENER}), DisputeState.WITHDRAWN),
    Action.ESCALATE: Rule(frozenset({DisputeState.OPEN}), EVERYBODY, DisputeState.ESCALATED),
    Action.DECIDE: Rule(frozenset({DisputeState.ESCALATED}), HUB, DisputeState.DECIDED),
    Action.EXTEND: Rule(frozenset({DisputeState.OPEN}), HUB),
    Action.REMIND: Rule(frozenset({DisputeState.OPEN}), HUB),
    Action.CREDIT: Rule(LIVE | JUDGED, HUB, DisputeState.CREDITED),
    Action.REPLACE: Rule(frozenset({DisputeState.CREDITED}), HUB),
}


def get_challenged(opener: Side) -> Side:
    """Who has to answer. What the hub itself disputes, the sender of the CDR has to answer for."""
    return Side.EMSP if opener is Side.CPO else Side.CPO


def get_actors(side: Side, *, opener: Side) -> frozenset[Actor]:
    """In which capacities a side acts; the hub may be the opener, too."""
    found = set()
    if side is opener:
        found.add(Actor.OPENER)
    if side is get_challenged(opener):
        found.add(Actor.CHALLENGED)
    if side is Side.HUB:
        found.add(Actor.HUB)
    return frozenset(found)


def step(state: DisputeState, action: Action, *, side: Side, opener: Side) -> DisputeState:
    """The state after this action.

    Raises:
        NotAllowed: not in this state, or not by this side.
    """
    rule = RULES[action]
    if state not in rule.states:
        fitting = ", ".join(sorted(rule.states))
        raise NotAllowed(f"The dispute is {state}: {action} is possible only while it is {fitting}.")
    if not rule.actors & get_actors(side, opener=opener):
        may = " or the ".join(sorted(_name(actor, opener) for actor in rule.actors))
        raise NotAllowed(f"The {side.label} cannot {action} here: only the {may} can.")
    return rule.to or state


def get_outcome(action: Action, *, opener: Side, before: Outcome, decided: Outcome) -> Outcome:
    if action is Action.ACCEPT:  # the CPO insists on its bill, everybody else is against it
        return Outcome.STANDS if opener is Side.CPO else Outcome.FALLS
    if action is Action.WITHDRAW:
        return Outcome.STANDS
    if action is Action.CREDIT:
        return Outcome.FALLS
    return decided if action is Action.DECIDE else before


def is_holding(state: DisputeState, outcome: Outcome) -> bool:
    """Whether the CDR must stay out of statements: while it is argued about, and until what falls is credited."""
    return state in LIVE or (state in JUDGED and outcome is Outcome.FALLS)


def check_opening(side: Side, *, earlier: Mapping[int, tuple[DisputeState, Outcome, Side]]) -> None:
    """A CDR is judged once; who withdrew does not come again (or a bill could be held for ever). `earlier`: by id.

    Raises:
        NotAllowed: an earlier dispute of the same CDR stands against it.
    """
    for pk, (state, outcome, opener) in earlier.items():
        if is_holding(state, outcome):
            raise NotAllowed(f"There is a dispute about this CDR already: write into that one, number {pk}.")
        if state is not DisputeState.WITHDRAWN:
            raise NotAllowed(f"Dispute {pk} about this CDR was {state} already: that is final.")
        if opener is side:
            raise NotAllowed(
                f"The {side.label} has withdrawn a dispute about this CDR: ask the hub if it must be reopened."
            )


def _name(actor: Actor, opener: Side) -> str:
    named = {Actor.OPENER: opener, Actor.CHALLENGED: get_challenged(opener), Actor.HUB: Side.HUB}
    return named[actor].label
