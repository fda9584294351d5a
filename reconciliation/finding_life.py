"""What may become of a finding, and who may say so. Pure: one table for people, one for the hub.

The hub's own changes are made in SQL (`classify.py`): the second table is here to be read, and for a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parties.side_names import Side

BY_PEOPLE: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset({"accepted", "disputed", "closed"}),
    "disputed": frozenset({"open", "accepted", "closed"}),
    "accepted": frozenset({"open", "closed"}),
    "explained": frozenset({"open", "closed"}),
    "closed": frozenset({"open"}),
}
BY_THE_HUB: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset({"explained"}),  # the difference has gone
    "explained": frozenset({"open"}),  # it is back
    "accepted": frozenset({"open"}),  # a new figure is a new question
    "closed": frozenset({"open"}),
    "disputed": frozenset(),
}


class NotAllowed(Exception):
    """This cannot be done to a finding or a dispute as it is now, or not by this side; the text says why."""


def check_judgement(before: str, after: str) -> None:
    """
    Raises:
        NotAllowed: people cannot move a finding from one to the other.
    """
    allowed = BY_PEOPLE[before]
    if after not in allowed:
        raise NotAllowed(f"A finding that is {before} can become {', '.join(sorted(allowed))}, not {after}.")


def get_bearer(*, cdr_key: str) -> Side:
    """Whose cost it is if a finding is accepted: who pays the bill, or, where there is none, who would have sent it."""
    return Side.EMSP if cdr_key else Side.CPO
