"""Two partners that are away for longer than a minute, while the other rows run: what they then may and may not get."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.conformance.cast import Cast
from tests.conformance.objects import evse, location
from tests.conformance.partner import Partner
from tests.conformance.wire import new_id

LONG = 65.0  # seconds: longer than any retry inside a call, or just after it, that a hub may call prompt


@dataclass
class Absence:
    """`emsp` was away when `missed` was broadcast; `cpo` went away when its `scheduled` location was stored."""

    emsp: Partner
    missed: str
    cpo: Partner
    scheduled: str
    begun_at: float

    def wait_until_long(self) -> None:
        time.sleep(max(0.0, self.begun_at + LONG - time.monotonic()))


def begin_absence(cast: Cast) -> Absence:
    emsp = cast.keep(cast.add("DK*R21 EMSP", contracts=["DE*CPA"]))
    cpo = cast.keep(cast.add("DK*L18 CPO", contracts=["NL*MSA"]))
    missed, scheduled = new_id("R21"), new_id("L18")
    schedule = [{"period_begin": "2026-01-01T00:00:00Z", "status": "INOPERATIVE"}]
    planned = location(scheduled, owner=cpo.party, evses=[evse("E1", status_schedule=schedule)])
    stored = cpo.call("PUT", "locations", f"DK/L18/{scheduled}", body=planned, to=cast.HUB)
    assert stored.code == 1000, stored
    cpo.close()
    cast.settle(cast.cpa, emsp)
    emsp.close()
    told = cast.cpa.call("PUT", "locations", f"DE/CPA/{missed}", body=location(missed), to=cast.HUB)
    assert told.code == 1000, told
    return Absence(emsp=emsp, missed=missed, cpo=cpo, scheduled=scheduled, begun_at=time.monotonic())
