"""What the partners of a fault test have pushed and been promised: what the hub must hold and tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.faults.partner import Tries

BEGIN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def stamp(number: int) -> str:
    """`last_updated` of the state with this number."""
    return (BEGIN + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Pushed:
    """One state of one object, answered 1000. `receiver`: its only one; "" if everybody who may is told."""

    module: str
    owner: str
    id: str
    number: int  # of its object's states, from 1
    method: str
    receiver: str
    tries: Tries

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.owner, self.id

    @property
    def is_whole(self) -> bool:
        """What came before it need not be told any more. Every CDR has to be."""
        return self.method in ("PUT", "DELETE")

    @property
    def last_updated(self) -> str:
        return stamp(self.number)

    @property
    def correlation_id(self) -> str:
        return self.tries.correlation_id


@dataclass
class Book:
    pushed: list[Pushed] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)  # request ids
    begun: dict[str, Tries] = field(default_factory=dict)  # by correlation id; results and reads too
    commands: dict[str, bool] = field(default_factory=dict)  # id -> was it answered 1000?
    results: dict[str, str] = field(default_factory=dict)  # id of a command -> correlation id of its answered result
    stale_reads: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    _numbers: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def next_number(self, module: str, owner: str, id: str) -> int:
        self._numbers[module, owner, id] += 1
        return self._numbers[module, owner, id]

    def get_number(self, module: str, owner: str, id: str) -> int:
        """Of the newest state; 0: there is none."""
        return self._numbers[module, owner, id]

    def note(self, kind: str, tries: Tries) -> None:
        assert tries.answer is not None
        if tries.answer.is_success:
            self.answered.append(tries.answer.request_id)
        self.begun[tries.correlation_id] = tries
        self.kinds[kind] += 1

    def note_push(self, pushed: Pushed) -> None:
        self.note(f"{pushed.method} {pushed.module}", pushed.tries)
        self.pushed.append(pushed)

    def get_chains(self) -> Iterator[list[Pushed]]:
        """The states of each object, in order."""
        chains: dict[tuple[str, str, str], list[Pushed]] = {}
        for pushed in self.pushed:
            chains.setdefault(pushed.key, []).append(pushed)
        yield from chains.values()
