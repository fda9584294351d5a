"""Of each event of a journey: who is to hear it, how that ended, and who still waits for what. Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from forwarding import waiting
from forwarding.events import Event
from forwarding.lag import get_lags
from forwarding.lane_state import LaneState, get_lane_state
from forwarding.models import DeadLetter, Lane
from forwarding.plan import Planned, Roster, plan_event
from management.journey_find import Found
from management.models import LogCall, LogEvent
from management.outcome import Outcome
from parties.display import show_party
from routing.network import Network

DELIVERED, WAITS, DEAD, REFUSED, SKIPPED, NOT_YET, PASSED = (
    "delivered",
    "waits",
    "dead letter",
    "refused",
    "skipped",
    "not looked at yet",
    "passed over",
)
LEVELS = {
    DELIVERED: "good",
    WAITS: "warn",
    DEAD: "bad",
    REFUSED: "bad",
    SKIPPED: "note",
    NOT_YET: "warn",
    PASSED: "note",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One event for one party, and how it stands."""

    event: int
    party: str
    platform: int
    platform_name: str
    state: str
    level: str
    why: str
    attempts: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Key:
    event: int
    platform: int
    party: str


def get_receivers(found: Found, *, network: Network, names: Mapping[int, str], now: datetime) -> list[Receiver]:
    """As things stand now: who may hear an event by today's agreements, and whoever was told before they changed."""
    if not found.events:
        return []
    roster = Roster(network)
    sublanes = {event.sublane for event in found.events}
    lanes = {(lane.platform_id, lane.sublane): lane for lane in _get_lanes(sublanes)}
    lags = get_lags()
    states = {key: get_lane_state(lane, lags[lane.pk], now=now) for key, lane in lanes.items() if lane.pk in lags}
    receivers = []
    for event in found.events:
        rows = _group([call for call in found.calls if call.event == event.id and call.leg == "out"])
        letters = {_Key(one.event, one.platform_id, one.receiver): one for one in found.letters}
        keys = list(dict.fromkeys([*_plan(event, roster, names, now=now), *rows, *_of(letters, event)]))
        for key in keys:
            lane = lanes.get((key.platform, event.sublane))
            state = states.get((key.platform, event.sublane), LaneState.IDLE)
            receivers.append(
                _judge(
                    key, rows.get(key, []), letters.get(key), lane, lane_state=state, name=names.get(key.platform, "")
                )
            )
    return receivers


def _get_lanes(sublanes: set[int]) -> list[Lane]:
    return list(Lane.objects.filter(sublane__in=sublanes).select_related("platform"))


def _plan(event: LogEvent, roster: Roster, names: Mapping[int, str], *, now: datetime) -> list[_Key]:
    values: dict[str, Any] = {column.name: getattr(event, column.name, False) for column in fields(Event)}
    told = Event(**values)
    planned: list[tuple[int, Planned]] = [
        (platform, one) for platform in names for one in plan_event(told, platform=platform, roster=roster, now=now)
    ]
    return [_Key(event.id, platform, one.receiver.key if one.receiver else "") for platform, one in planned]


def _group(calls: list[LogCall]) -> dict[_Key, list[LogCall]]:
    rows: dict[_Key, list[LogCall]] = {}
    for call in calls:
        rows.setdefault(_Key(call.event or 0, call.platform or 0, call.receiver), []).append(call)
    return rows


def _of(letters: Mapping[_Key, DeadLetter], event: LogEvent) -> list[_Key]:
    return [key for key in letters if key.event == event.id]


def _judge(
    key: _Key, rows: list[LogCall], letter: DeadLetter | None, lane: Lane | None, *, lane_state: LaneState, name: str
) -> Receiver:
    held = waiting.read(lane.waiting).get((key.event, key.party)) if lane else None
    sent = [call for call in rows if call.decision != "skip"]
    last = rows[-1] if rows else None
    if any(call.outcome == Outcome.ACCEPTED for call in sent):
        state, why = DELIVERED, ""
    elif letter is not None:
        state, why = DEAD, letter.reason
        if letter.resent_at or letter.closed_at:
            why = f"{'resent' if letter.resent_at else 'closed'} since; it said: {letter.reason}"
    elif held is not None:
        state, why = WAITS, _explain_waiting(lane, lane_state)
    elif last is not None and last.decision == "skip":
        state, why = SKIPPED, last.message.removeprefix("skipped: ")
    elif last is not None:
        state, why = REFUSED, last.message
    elif lane is not None and max(lane.seen, lane.cursor) < key.event:
        state, why = NOT_YET, _explain_waiting(lane, lane_state)
    else:
        state, why = PASSED, "a newer state went instead, or it was not allowed when its turn came"
    return Receiver(
        event=key.event,
        party=show_party(key.party),
        platform=key.platform,
        platform_name=name,
        state=state,
        level=LEVELS[state],
        why=why,
        attempts=max(len(sent), held.attempts if held else 0),
        last_at=last.at if last else None,
    )


def _explain_waiting(lane: Lane | None, state: LaneState) -> str:
    if lane is None:
        return ""
    parts = [f"its lane is {state}"]
    if lane.paused_at:
        parts.append(lane.pause_note)
    elif lane.retry_at:
        parts.append(f"next try at {lane.retry_at:%H:%M:%S} UTC")
    if lane.last_error:
        parts.append(lane.last_error[:200])
    return "; ".join(part for part in parts if part)
