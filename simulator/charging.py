"""A CPO's charging sessions from plug to bill: EVSE status, session, updates, CDR; and faults planted on purpose."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator.billing import Plan, build_cdr, build_credit, build_periods, build_session, price, sum_volumes
from simulator.clock import format_moment
from simulator.errors import PeerError
from simulator.month import pick_start
from simulator.pushes import Pusher
from simulator.state import State
from simulator.store import Document, build_key

FAULTS = ("other_kwh", "no_cdr", "billed_twice", "posted_twice")
_EXTRA_KWH = Decimal("5.00")
_AT_ONCE = 5


@dataclass(slots=True, kw_only=True)
class Charged:
    """What became of one session."""

    session_id: str
    party: str
    emsp: str
    kwh: str
    fault: str = ""
    cdr_ids: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class ChargePoints:
    """The charging side of one platform."""

    def __init__(self, state: State, pusher: Pusher) -> None:
        self._state = state
        self._pusher = pusher
        self._serial = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._used: set[str] = set()
        self._plans: dict[str, Plan] = {}  # by id of the CDR
        self._stamp = f"{state.clock.tick():%y%m%d%H%M%S}"

    async def run(
        self,
        party: str,
        emsp: str,
        *,
        count: int,
        faults: Mapping[str, int],
        pace: float,
        span: tuple[datetime, datetime] | None = None,
    ) -> list[dict[str, Any]]:
        """That many sessions of the party's charge points with the eMSP's tokens, some at once; what became of them.

        They are told now, and took place some time in `span`; without it, a short while ago.
        """
        planted = [name for name in FAULTS for _ in range(int(faults.get(name, 0)))]
        planted += [""] * (count - len(planted))
        gate = asyncio.Semaphore(_AT_ONCE)

        async def charge(plan: Plan, fault: str) -> dict[str, Any]:
            async with gate:
                return asdict(await self._charge(plan, party, emsp, fault=fault, pace=pace))

        plans = [self._plan(party, emsp, span=span) for _ in range(count)]
        return list(await asyncio.gather(*(charge(*pair) for pair in zip(plans, planted, strict=True))))

    async def run_remote(self, party: str, emsp: str, *, place: tuple[Document, Document], token: Document) -> Charged:
        """One session where a START_SESSION wants it, on the token in it."""
        plan = self._plan(party, emsp, place=place, token=token)
        self._used.add(plan.evse["uid"])
        return await self._charge(plan, party, emsp, fault="", pace=0)

    async def correct(self, party: str, emsp: str, cdr_id: str) -> dict[str, Any]:
        """Take a bill back with a credit CDR, and bill the session once more, as it really was (CDR-06).

        Raises:
            PeerError: there is no such bill.
        """
        original, plan = self._state.own_of(party, "cdrs").get(f"{party}/{cdr_id}"), self._plans.get(cdr_id)
        if original is None or plan is None:
            raise PeerError(f"{party} has no CDR {cdr_id}")
        credit = build_credit(original, cdr_id=f"{cdr_id}-C", updated=self._now())
        replacement = build_cdr(plan, cdr_id=f"{cdr_id}-R", updated=self._now())
        for cdr in (credit, replacement):
            self._state.own_of(party, "cdrs").put(cdr)
            await self._pusher.post_cdr(party, cdr, to=emsp)  # who is away is sent it by a resend
        return {"credit": credit["id"], "replacement": replacement["id"]}

    def find_evse(self, party: str, location_id: str, evse_uid: Any) -> tuple[Document, Document] | None:
        """The location and the EVSE, or the first of its EVSEs where none is named."""
        location = self._state.own_of(party, "locations").get(f"{party}/{location_id}")
        wanted = str(evse_uid).upper()
        evses = [one for one in (location or {}).get("evses", []) if not evse_uid or one["uid"].upper() == wanted]
        return (location, evses[0]) if location and evses else None

    def _plan(
        self,
        party: str,
        emsp: str,
        *,
        place: tuple[Document, Document] | None = None,
        token: Document | None = None,
        span: tuple[datetime, datetime] | None = None,
    ) -> Plan:
        """Raises: PeerError: no token of this eMSP is known here, or every EVSE was used already."""
        self._serial += 1
        self._counts[party, emsp] += 1
        name = f"{self._state.config.seed} {party} {emsp} {self._counts[party, emsp]}"  # whoever else charges meanwhile
        chance = random.Random(name)
        tokens = [one for key, one in sorted(self._state.received_by(party, "tokens").items()) if key.startswith(emsp)]
        if not tokens and token is None:
            raise PeerError(f"{party} knows no token of {emsp}")
        location, evse = place or self._pick_evse(party, chance)
        connector = evse["connectors"][0]
        tariff = self._state.own_of(party, "tariffs").get(f"{party}/{connector['tariff_ids'][0]}")
        assert tariff is not None, "a connector's tariff is the party's own"
        start = self._pick_start(name, span=span)
        power, tariff_id = connector["max_electric_power"], tariff["id"]
        periods, end = build_periods(start, power=power, tariff_id=tariff_id, chance=chance)
        country, party_id = party.split("*")
        return Plan(
            session_id=f"S-{country}-{self._stamp}-{self._serial:04d}",
            cdr_id=f"C-{country}-{self._stamp}-{self._serial:04d}",
            owner={"country_code": country, "party_id": party_id},
            location=location,
            evse=evse,
            tariff=tariff,
            token=token or chance.choice(tokens),
            start=start,
            periods=tuple(periods),
            end=end,
        )

    def _pick_start(self, name: str, *, span: tuple[datetime, datetime] | None) -> datetime:
        if span is None:
            return self._state.clock.tick().replace(microsecond=0) - timedelta(hours=2)
        return pick_start(*span, chance=random.Random(f"{name} start"))

    def _pick_evse(self, party: str, chance: random.Random) -> tuple[Document, Document]:
        """One that had no session yet, so that no two sessions overlap."""
        evses = [(location, evse) for location in self._state.own_of(party, "locations") for evse in location["evses"]]
        for location, evse in chance.sample(evses, k=len(evses)):
            if evse["uid"] not in self._used:
                self._used.add(evse["uid"])
                return location, evse
        raise PeerError(f"{party} has no EVSE left")

    async def _charge(self, plan: Plan, party: str, emsp: str, *, fault: str, pace: float) -> Charged:
        kwh = format(sum_volumes(list(plan.periods), "ENERGY"), "f")
        charged = Charged(session_id=plan.session_id, party=party, emsp=emsp, kwh=kwh, fault=fault)
        await self._set_evse_status(plan, party, "CHARGING", charged)
        await self._run_session(plan, party, emsp, charged, pace=pace)
        if fault != "no_cdr":
            await self._bill(plan, party, emsp, charged)
        await self._set_evse_status(plan, party, "AVAILABLE", charged)
        return charged

    async def _run_session(self, plan: Plan, party: str, emsp: str, charged: Charged, *, pace: float) -> None:
        """PUT, one PATCH per charging period, and the PATCH that completes it."""
        session = build_session(plan, updated=self._now())
        self._state.own_of(party, "sessions").put(session)
        replies = [await self._pusher.put_session(party, session, to=emsp)]
        for number, period in enumerate(plan.periods, start=1):
            await asyncio.sleep(pace)
            changes = self._describe(plan, number) | {"charging_periods": [period]}
            replies.append(await self._update(session, changes, party, emsp))
        end = {"status": "COMPLETED", "end_date_time": format_moment(plan.end)}
        replies.append(await self._update(session, self._describe(plan, len(plan.periods)) | end, party, emsp))
        charged.refused += [f"session: {one.status_code} {one.message}" for one in replies if not one.is_success]

    def _describe(self, plan: Plan, count: int) -> Document:
        """Meter and cost after that many periods."""
        periods = list(plan.periods[:count])
        kwh, cost = sum_volumes(periods, "ENERGY"), price(plan.tariff, periods)["total_cost"]
        return {"kwh": kwh, "total_cost": cost, "last_updated": self._now()}

    async def _update(self, session: Document, changes: Document, party: str, emsp: str) -> Any:
        """Our own copy first: if the outcome is unclear, it is what is sent whole."""
        self._state.own_of(party, "sessions").patch(build_key("sessions", session), changes)
        return await self._pusher.patch_session(party, session, changes, to=emsp)

    async def _bill(self, plan: Plan, party: str, emsp: str, charged: Charged) -> None:
        extra = _EXTRA_KWH if charged.fault == "other_kwh" else Decimal(0)
        bills = [build_cdr(plan, cdr_id=plan.cdr_id, updated=self._now(), extra_kwh=extra)]
        if charged.fault == "billed_twice":
            bills.append(build_cdr(plan, cdr_id=f"{plan.cdr_id}-B", updated=self._now()))
        self._plans[plan.cdr_id] = plan
        for cdr in bills:
            self._state.own_of(party, "cdrs").put(cdr)
            charged.cdr_ids.append(cdr["id"])
        for cdr in bills * 2 if charged.fault == "posted_twice" else bills:
            reply = await self._pusher.post_cdr(party, cdr, to=emsp)
            if not reply.is_success:
                charged.refused.append(f"cdr: {reply.status_code} {reply.message}")

    async def _set_evse_status(self, plan: Plan, party: str, status: str, charged: Charged) -> None:
        """Broadcast by the hub; without one, told to the eMSPs of the peer one by one."""
        changes = {"status": status, "last_updated": self._now()}
        key, path = build_key("locations", plan.location), (plan.evse["uid"],)
        self._state.own_of(party, "locations").patch_child(key, path, changes)
        to = self._state.connection.get_hub() or charged.emsp
        reply = await self._pusher.patch(party, "locations", plan.location, changes, to=to, path=path)
        if not reply.is_success:
            charged.refused.append(f"status: {reply.status_code} {reply.message}")

    def _now(self) -> str:
        return format_moment(self._state.clock.tick())
