"""RoutedModule: what the pipeline asks of any functional module. One that keeps its objects is an `OwnedModule`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from journal.reader import Reader
from journal.rows import Change, Columns
from ocpi.calls import Call, PartyId, Reply, Role
from ocpi.errors import UnknownObject
from ocpi.module import NOTHING, Match, Module, Resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """For whom an answer is: the asking party, and whose objects it may see under its agreements (decision 2)."""

    caller: PartyId
    partners: frozenset[str]
    bearers: frozenset[str]  # whose tokens' sessions and CDRs: its own, and of those it acts for
    now: datetime
    operators: Mapping[str, bytes] = field(default_factory=dict)  # to fill in where absent, by owner (LOC-14)
    page_cap: int
    url: str  # of the hub's own endpoint, for Link
    is_date_to_inclusive: bool = False  # the caller means it so, against TRANS-20


class RoutedModule(Module):
    passing_roles: ClassVar[frozenset[Role]] = frozenset()  # may push others' objects with their mandate (LOC-19)
    is_token_bound: ClassVar[bool] = False  # seen by the party in `cdr_token`, whatever TO said; else by audience
    is_passed_on: ClassVar[bool] = False  # by the one it is about, to the one that acts for it (SESS-17)
    timeout: ClassVar[float | None] = None  # seconds for a relayed call; None: HUB_FORWARD_TIMEOUT (ROUTE-20)

    def get_owner(self, call: Call, match: Match) -> PartyId | None:
        """Whose object it is; on the RECEIVER interface it must be the sender's own (TRANS-35)."""
        return None

    def get_timeout(self, call: Call) -> float | None:
        """Seconds for this call, where it differs from the module's other calls."""
        return self.timeout

    async def check_passed_on(self, call: Call, match: Match, reader: Reader) -> None:
        """Is it about the sender? Asked of what is passed on by others than its owner.

        Raises:
            UnknownObject: it is not (TRANS-35).
        """

    async def complete(self, call: Call, match: Match, reader: Reader) -> Match:
        """What the URL leaves to the hub to find out, where it names an object only in part (TOK-03)."""
        return match

    async def get_warning(self, call: Call, match: Match, reader: Reader) -> str | None:
        """What the sender of a push to the hub should think about; it stops nothing (TAR-04)."""
        return None

    def read_push(self, call: Call, match: Match) -> None:
        """Refuse what even a relayed call may not carry (2001, 400)."""

    def read_terms(self, document: Any) -> dict[str, Any]:
        """What an agreement says about this module's objects, checked, as it is kept.

        Raises:
            ValueError: it makes no sense; the message names what.
        """
        raise ValueError(f"nothing can be agreed on about single objects of {self.id}")

    def judge(self, call: Call, *, terms: str, now: datetime) -> None:
        """Refuse (2001) a push that does not fulfil the terms of its agreement; asked only where there are some."""

    def resolve(self, call: Call, match: Match) -> Resolved:
        """The one party a call without a receiver is for, as far as the call itself says it (table 2a)."""
        return NOTHING

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        """The same, where the store has to be asked."""
        return NOTHING

    async def answer(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Reply:
        """From the hub's own store."""
        raise UnknownObject("no such object")

    def get_changes(self, call: Call, match: Match, *, audience: PartyId | None, now: datetime) -> tuple[Change, ...]:
        """What this push does to the hub's store: to its own copy, or to the variant of one party."""
        return ()

    def get_verdict_columns(self, code: int) -> Columns:
        """What else changes in the object's row when its receiver has answered with this status_code."""
        return {}

    async def get_settled(self, call: Call, match: Match, reader: Reader) -> Reply | None:
        """The answer to a repeat of what its receiver has accepted already; None: it goes out again (CDR-05)."""
        return None

    def get_posted_key(self, call: Call, match: Match) -> str | None:
        """The key under which a POSTed object can be read at its Location (CDR-03); None: there is no such URL."""
        return None

    async def get_by_key(self, owner: PartyId, object_key: str, reader: Reader) -> Reply:
        """One object of the hub's own store, for its owner."""
        raise UnknownObject("no such object")

    def get_order_key(self, call: Call, match: Match) -> str:
        """What keeps its order on the way out (ROUTE-35)."""
        return f"{self.id}:{'/'.join(call.path).lower()}"

    def get_supersedes(self, call: Call, match: Match) -> bool:
        """A full state, that makes waiting older ones of the same path needless."""
        return False
