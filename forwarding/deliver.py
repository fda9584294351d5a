"""One delivery, from the last look at the rules to what its end means for the lane. Order is not its business."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from msgspec.structs import replace

from forwarding.attempt import Attempt, End, attempt
from forwarding.facts import FactsWatch
from forwarding.ledger import Ledger
from forwarding.modules import FullState, Subject, dress, get_log_id, get_place, get_verdict_columns
from forwarding.plan import CLIENT_INFO, Planned, Step, join_path, judge, plan_event
from forwarding.record import NewDeadLetter
from forwarding.signs import Signs
from forwarding.store import Store
from journal.rows import Mark, NewLogRow
from journal.storable import mend_text
from ocpi.calls import Delivery, Interface
from ocpi.errors import HubError, ReceiverNotConnected
from parties.client import AsyncClient, Peer
from parties.quirks import Quirk

Chain = tuple[str, str]

MAX_JUDGED = 12  # attempts that a reachable receiver failed at; with the pauses between them about half an hour
AGAIN_SECONDS = 0.1
SAME_MOMENT = timedelta(milliseconds=250)  # as often as the facts are looked at


class Held(Enum):
    """Why something still waits."""

    AWAY = "away"  # known to be OFFLINE: nothing is sent (HCI-13)
    UNREACHED = "unreached"
    FAILED = "failed"


class Deliverer:
    """For one platform. `held` is the worst that happened: a platform that is away outweighs one object's failure."""

    def __init__(
        self,
        platform: int,
        *,
        ledger: Ledger,
        store: Store,
        client: AsyncClient,
        watch: FactsWatch,
        signs: Signs,
        clock: Callable[[], datetime],
    ) -> None:
        self._platform = platform
        self._ledger = ledger
        self._store = store
        self._client = client
        self._watch = watch
        self._signs = signs
        self._clock = clock
        self._told: dict[tuple[Chain, str, str], int] = {}  # events up to this one were in a full state that was sent
        self.held: Held | None = None
        self.error = ""
        self.has_recovered = False

    async def deliver(self, one: Planned) -> bool:
        """False: it has to wait, and what is behind it with it."""
        found = self._find_way(one)
        if isinstance(found, bool):
            return found
        planned, peer = found
        event = planned.event
        if event.method == "PATCH" and Quirk.NO_PATCH in peer.quirks:
            whole = await self._send_whole(planned, peer)
            if whole is not None:
                return self._settle(planned, whole)
        if event.method == "DELETE":
            self._told.pop(_get_document(planned), None)  # what was PUT since must be sent, though it was told before
        end = await self._attempt(planned, peer, method=event.method, url=planned.url, body=event.body)
        if end.end is End.UNREACHED and not end.may_have_arrived:
            await asyncio.sleep(AGAIN_SECONDS)  # AMB-20: it surely received nothing
            end = await self._attempt(planned, peer, method=event.method, url=planned.url, body=event.body)
        if end.end is End.UNKNOWN_THERE:
            end = await self._send_whole(planned, peer) or end
        return self._settle(planned, end)

    def _find_way(self, one: Planned) -> tuple[Planned, Peer] | bool:
        """By the rules of this moment: what to send and to whom, or the end of it."""
        now = self._clock()
        planned = self._look_again(one, now=now)
        if planned is None or self._is_told(planned):
            self._ledger.forget([one.key])
            return True
        if planned.obstacle:
            self._bury(planned, reason=planned.obstacle)
            return True
        step, why = judge(planned, now=now)
        peer = self._watch.facts.peers.get(self._platform)
        if step is Step.SEND and peer is None:
            step, why = _without_token(planned)
        if step is Step.SEND and (resting := self._client.limits.get_reason_to_rest(self._platform)):
            return self._postpone(planned, resting)
        if step is Step.SKIP:
            self._skip(planned, why)
            return True
        if step is Step.WAIT or peer is None:
            self._hold(why, Held.AWAY)
            return False
        return planned, peer

    def _look_again(self, one: Planned, *, now: datetime) -> Planned | None:
        """By the facts of this moment: an agreement may have ended since the plan was made."""
        if one.facts is self._watch.facts.network and now - one.at < SAME_MOMENT:
            return one
        found = plan_event(one.event, platform=self._platform, roster=self._watch.roster, now=now, is_begun=True)
        return next((planned for planned in found if planned.key == one.key), None)

    def _is_told(self, planned: Planned) -> bool:
        if not self._told or planned.event.method not in ("PUT", "PATCH"):
            return False
        return planned.event.id <= self._told.get(_get_document(planned), 0)

    async def _send_whole(self, planned: Planned, peer: Peer) -> Attempt | None:
        """ROUTE-34: it never got the object, so it gets all of it. What waits behind and is in it need not be sent."""
        state: FullState | None = await self._store.get_full_state(
            _subject(planned), object_key=planned.event.object_key
        )
        if state is None:
            return None
        url = join_path(planned, state.path)
        end = await self._attempt(planned, peer, method="PUT", url=url, body=state.body)
        if end.end is End.DELIVERED:
            self._told[_get_document(planned)] = state.until
        return replace(end, changed_at=state.changed_at)

    async def _attempt(self, planned: Planned, peer: Peer, *, method: str, url: str, body: str) -> Attempt:
        content = self._dress(planned, method=method, body=body.encode())
        end = await attempt(planned, client=self._client, peer=peer, method=method, url=url, body=content)
        if end.end is End.RESTING:  # nothing was tried
            return end
        self._store.quirks.note(self._platform, end.oddities)
        self._ledger.note_attempt(
            planned.key,
            self._row(planned, end, size=len(content)),
            judged=end.end in (End.FAILED, End.TIMED_OUT),
            lost=end.may_have_arrived,
        )
        if end.end in (End.UNREACHED, End.TIMED_OUT):
            if self._signs.note_failure(self._platform):
                await self._store.record_failure(self._platform, now=self._clock())
        elif end.end not in (End.BUSY, End.UNSENDABLE) and end.http_status not in (401, 403):
            self._signs.note_answer(self._platform)
        return end

    def _dress(self, planned: Planned, *, method: str, body: bytes) -> bytes:
        """What the hub tells in its own name it may complete; what is addressed stays as it came (LOC-14)."""
        if method != "PUT" or planned.event.receiver:
            return body
        operators = self._watch.facts.network.get_operators(self._platform)
        return dress(_subject(planned), body, operators=operators) if operators else body

    def _settle(self, planned: Planned, end: Attempt) -> bool:
        if end.end is End.RESTING:
            return self._postpone(planned, end.message)
        waited = self._ledger.waiting[planned.key]
        if end.end is End.DELIVERED:
            self._mark(planned, end, code=end.status_code, message=end.message)
            self._ledger.note_sent(planned.key)
            self.has_recovered |= waited.attempts > 1
            return True
        if end.end in (End.REFUSED, End.UNKNOWN_THERE, End.UNSENDABLE):
            self._bury(planned, reason=end.message or f"refused (HTTP {end.http_status})", end=end)
            return True
        if planned.policy is Delivery.RELAY:  # AMB-20: recorded, and healed by GET
            self._ledger.note_skipped(planned.key)
            return True
        if waited.judged >= MAX_JUDGED:
            self._bury(planned, reason=f"failed {waited.judged} times: {end.message}", end=end)
            return True
        self._hold(end.message, Held.UNREACHED if end.end is End.UNREACHED else Held.FAILED)
        return False

    def _postpone(self, planned: Planned, why: str) -> bool:
        """The receiver is left alone for a while: nothing is tried."""
        if planned.policy is Delivery.RELAY:
            self._skip(planned, why)
            return True
        self._hold(why, Held.UNREACHED)
        return False

    def _hold(self, why: str, held: Held) -> None:
        self.error = mend_text(why, limit=500)
        if self.held is None or self.held is Held.FAILED or held is Held.AWAY:
            self.held = held

    def _skip(self, planned: Planned, why: str) -> None:
        self._ledger.note_skipped(planned.key, self._row(planned, None, message=f"skipped: {why}"))

    def _mark(self, planned: Planned, end: Attempt | None, *, code: int | None, message: str) -> None:
        """What the one receiver said, or the hub for it, is kept with its object (decision 4, CDR-18), as long as that
        is in the state that it was said of: one that is pushed later has a verdict of its own."""
        if not planned.event.receiver:
            return
        subject = _subject(planned)
        place = get_place(subject)
        if place is not None:
            told = code if code is not None and 0 <= code < 10_000 else HubError.status_code
            columns = {
                "verdict_code": told,
                "verdict_message": mend_text(message, limit=500),
                "verdict_at": self._clock(),
                **get_verdict_columns(subject, code=told),
            }
            said_of = max(planned.event.at, end.changed_at) if end and end.changed_at else planned.event.at
            mark = Mark(table=place.table, key=place.key, columns=columns, at_most={"changed_at": said_of})
            self._ledger.note_verdict(mark)

    def _bury(self, planned: Planned, *, reason: str, end: Attempt | None = None) -> None:
        """Of what the hub promised to deliver a letter is kept; of a broadcast under relay the log row is enough."""
        event = planned.event
        if planned.policy is Delivery.RELAY or event.module == CLIENT_INFO:
            self._ledger.forget([planned.key])
            return
        self._mark(planned, end, code=_get_refusal(end), message=reason)
        self._ledger.note_dead(
            planned.key,
            NewDeadLetter(
                platform=self._platform,
                receiver=planned.key[1],
                event=event.id,
                event_at=event.at,
                module=event.module,
                method=event.method,
                path=event.path,
                query=event.query,
                body=event.body,
                sender=event.sender,
                correlation_id=event.correlation_id,
                http_status=end.http_status if end else None,
                status_code=end.status_code if end else None,
                reason=reason,
                attempts=max(1, self._ledger.waiting[planned.key].attempts),
                created_at=self._clock(),
            ),
        )

    def _row(self, planned: Planned, end: Attempt | None, *, size: int = 0, message: str = "") -> NewLogRow:
        event = planned.event
        waited = self._ledger.waiting[planned.key]
        return NewLogRow(
            at=self._clock(),
            leg="out",
            platform=self._platform,
            module=event.module,
            interface=Interface.RECEIVER,
            method=end.method if end else event.method,
            object_id=event.path if event.module == CLIENT_INFO else get_log_id(event.module, event.method, event.path),
            sender=event.sender,
            receiver=planned.key[1],
            request_id=end.request_id if end else "",
            correlation_id=event.correlation_id,
            decision="deliver" if end else "skip",
            http_status=end.http_status if end else None,
            status_code=end.status_code if end else None,
            message=end.message if end else message,
            duration_ms=end.elapsed_ms if end else None,
            attempt=min(waited.attempts + 1, 32_767),
            repeat=waited.lost or (end is not None and end.repeated),
            event=event.id,
            size=size,
        )


def _get_document(planned: Planned) -> tuple[Chain, str, str]:
    """Which of the hub's documents it is of: an object may have several (see `modules.get_full_state`)."""
    return planned.chain, planned.event.receiver, planned.event.query


def _get_refusal(end: Attempt | None) -> int:
    """Never a success: an HTTP 500 around a 1000 is none (AMB-03)."""
    if end is None:
        return ReceiverNotConnected.status_code
    return end.status_code if end.status_code is not None and end.status_code >= 2000 else HubError.status_code


def _without_token(planned: Planned) -> tuple[Step, str]:
    why = "the platform is not registered"
    return (Step.WAIT, why) if planned.policy is Delivery.STORE_AND_FORWARD else (Step.SKIP, why)


def _subject(planned: Planned) -> Subject:
    event = planned.event
    return Subject(
        module=event.module,
        method=event.method,
        path=event.path,
        query=event.query,
        body=event.body,
        receiver=event.receiver,
    )
