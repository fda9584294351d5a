"""What a hub that was killed again and again has lost, doubled or told in the wrong order: pure, as complaints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.book import Book, Pushed
from tests.faults.partner import Arrival, Partner

STORE_AND_FORWARD = "store_and_forward"


@dataclass(frozen=True)
class LogRow:
    """A row of the call log, as the hub wrote it about an outgoing call."""

    platform: int
    request_id: str
    correlation_id: str
    decision: str
    status_code: int | None
    repeat: bool

    @property
    def is_accepted(self) -> bool:
        return self.status_code is not None and 1000 <= self.status_code < 2000


class OutLog:
    def __init__(self, rows: Iterable[LogRow]) -> None:
        self.rows = list(rows)
        self.by_request = {row.request_id: row for row in self.rows if row.request_id}
        self._told = {(row.platform, row.correlation_id) for row in self.rows}

    def knows(self, platform: int, pushed: Pushed) -> bool:
        """Whatever became of it: sent, refused or skipped, there is a row that says so."""
        return (platform, pushed.correlation_id) in self._told


@dataclass(frozen=True)
class Told:
    """What one partner got, by story and by object."""

    partner: Partner
    by_story: Mapping[str, Sequence[Arrival]]

    @classmethod
    def of(cls, partner: Partner) -> Told:
        stories: dict[str, list[Arrival]] = {}
        for arrival in partner.arrivals:
            stories.setdefault(arrival.correlation_id, []).append(arrival)
        return cls(partner, stories)

    def has(self, pushed: Pushed) -> bool:
        return pushed.correlation_id in self.by_story


def find_unlogged(book: Book, logged: Mapping[str, int]) -> list[str]:
    """Durable before the reply: what was answered 1000 has its row."""
    return [
        f"{id} was answered 1000, the log says {logged.get(id)}"
        for id in book.answered
        if not 1000 <= logged.get(id, 0) < 2000
    ]


def find_not_stored(book: Book, stored: Mapping[tuple[str, str, str], tuple[str, bool]]) -> list[str]:
    """`stored`: (module, owner, id) → `last_updated` in the document, and whether it was deleted."""
    wrong = []
    for chain in book.get_chains():
        last, found = chain[-1], stored.get(chain[-1].key)
        if found is None:
            wrong.append(f"{last.key} is not in the store")
        elif found[1] is not (last.method == "DELETE"):
            wrong.append(f"{last.key}: deleted is {found[1]} after {last.method}")
        elif last.method in ("PUT", "PATCH") and found[0] != last.last_updated:
            wrong.append(f"{last.key}: {found[0]} is stored, {last.last_updated} was answered 1000")
    return wrong


def find_undelivered(book: Book, told: Told, log: OutLog, policies: Mapping[tuple[str, str], str]) -> list[str]:
    """`policies`: (owner, this partner) → delivery, for those who have an agreement."""
    return [
        f"{told.partner.party} never got {pushed.method} {pushed.key} {pushed.number} ({policy})"
        for chain in book.get_chains()
        if (policy := policies.get((chain[0].owner, told.partner.party)))
        for pushed, later in _with_later(chain)
        if not _is_accounted_for(pushed, later, told, log, policy=policy)
    ]


def _with_later(chain: Sequence[Pushed]) -> Iterator[tuple[Pushed, Sequence[Pushed]]]:
    for place, pushed in enumerate(chain):
        yield pushed, chain[place + 1 :]


def _is_accounted_for(pushed: Pushed, later: Sequence[Pushed], told: Told, log: OutLog, *, policy: str) -> bool:
    if pushed.receiver and pushed.receiver != told.partner.party:
        return True
    if told.has(pushed):
        return True
    if pushed.receiver and policy != STORE_AND_FORWARD:
        return False  # a relayed call is answered 1000 by its receiver only
    newer = [state for state in later if state.is_whole]
    if any(told.has(state) for state in newer):
        return True
    if policy == STORE_AND_FORWARD:
        return False
    return any(log.knows(told.partner.platform, state) for state in (pushed, *newer))  # skipped, and it is written down


def find_disorder(book: Book, told: Told, log: OutLog) -> list[str]:
    """What comes for the first time is newer than everything of the object that came before."""
    states = {pushed.correlation_id: pushed for pushed in book.pushed}
    newest: dict[tuple[str, str, str], int] = {}
    seen: set[str] = set()
    wrong = []
    for arrival in told.partner.arrivals:
        state = states.get(arrival.correlation_id)
        if state is None:
            continue
        if state.number < newest.get(state.key, 0) and arrival.correlation_id not in seen:
            row = log.by_request.get(arrival.request_id)
            if row is None or not row.repeat:
                wrong.append(f"{told.partner.party} got {state.key} {state.number} after {newest[state.key]}")
        seen.add(arrival.correlation_id)
        newest[state.key] = max(state.number, newest.get(state.key, 0))
    return wrong


def find_bad_repeats(book: Book, told: Told, log: OutLog) -> list[str]:
    """The hub repeats only what it got no answer to, and says so. Callers may repeat what they got no answer to."""
    wrong = []
    for story, arrivals in told.by_story.items():
        tries = book.begun.get(story)
        if len(arrivals) < 2 or tries is None:
            continue
        first = arrivals[0]
        name = f"{told.partner.party} got {first.method} {first.module}/{first.path} {len(arrivals)} times"
        rows = [log.by_request.get(arrival.request_id) for arrival in arrivals]
        unmarked = sum(row is not None and not row.repeat for row in rows)
        if unmarked > tries.count:
            wrong.append(f"{name}, {unmarked} of them not marked as repeats, after {tries.count} tries")
        elif tries.count == 1:
            wrong += [f"{name}: {complaint}" for complaint in _find_needless(arrivals, rows)]
    return wrong


def _find_needless(arrivals: Sequence[Arrival], rows: Sequence[LogRow | None]) -> Iterator[str]:
    for place, row in enumerate(rows):
        if row is None:  # killed before it could write it down
            continue
        others_follow = any(later.request_id != row.request_id for later in arrivals[place + 1 :])
        if row.is_accepted and others_follow:
            yield "again, although its answer was written down"
        if place > 0 and not row.repeat:
            yield "a repeat that the log does not call one"


def find_doubled_bills(told: Told, log: OutLog) -> list[str]:
    """Whoever repeats a CDR, partner or hub: the log says that it is one."""
    seen: Counter[str] = Counter()
    wrong = []
    for arrival in told.partner.arrivals:
        if arrival.module != "cdrs":
            continue
        id = json.loads(arrival.body)["id"]
        seen[id] += 1
        row = log.by_request.get(arrival.request_id)
        if seen[id] > 1 and row is not None and not row.repeat:
            wrong.append(f"{told.partner.party} got CDR {id} again, and the log does not say so")
    return wrong


def find_bad_commands(book: Book, cpos: Sequence[Partner], emsps: Sequence[Partner]) -> list[str]:
    """At most once (CMD-19); exactly once where it was answered; and its result, once the hub has taken it."""
    came = Counter(
        json.loads(arrival.body)["location_id"]
        for cpo in cpos
        for arrival in cpo.arrivals
        if arrival.module == "commands"
    )
    results = {arrival.path for emsp in emsps for arrival in emsp.arrivals if arrival.module == "commands"}
    wrong = [f"{id} came {times} times" for id, times in came.items() if times > 1]
    wrong += [
        f"{id} was answered, and never came"
        for id, is_answered in book.commands.items()
        if is_answered and not came[id]
    ]
    return wrong + [f"the result of {id} was answered, and never came" for id in book.results if id not in results]
