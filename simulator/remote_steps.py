"""Step 5 of the scenario: what people do from their phones, and what comes of it later on the response_url."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator import cast
from simulator.figures import Figure
from simulator.stage import Stage

_ASKED_AGAIN = 5  # times a person presses the button when nothing happens
_PROFILE = {
    "charging_rate_unit": "W",
    "min_charging_rate": Decimal("1380.0"),
    "charging_profile_period": [{"start_period": 0, "limit": Decimal("11000.5")}],
}


class RemoteSteps(Stage):
    """An eMSP and a CPO far apart: each figure is looked at where the result arrived."""

    def _start_remotely(self, cpo: str, emsp: str) -> list[Figure]:
        """The receiver is left to the hub, which knows whose location it is (table 2a)."""
        asked = self._ask(emsp, "command", command="START_SESSION", at=cpo)

        def get_session() -> list[dict[str, Any]]:
            return list(self._home[cpo].get_report()["remote_sessions"])

        sessions = self._wait(get_session, lambda seen: len(seen) == 1)
        self.charged += sessions
        self.played += cast.REMOTE_RUNS
        return [
            self.figures.check(f"result of {emsp}'s remote start at {cpo}", demanded=["ACCEPTED"], seen=_read(asked)),
            self.figures.check(f"sessions started remotely at {cpo}", demanded=1, seen=len(sessions)),
        ]

    def _reserve_and_lose(self, cpo: str, emsp: str) -> list[Figure]:
        """Long after the answer the CPO gives the reservation up, and says so on the same URL (CMD-08)."""
        reservation = {"reservation_id": "R-1", "expiry_date": "2099-01-01T00:00:00Z"}
        asked = self._ask(emsp, "command", command="RESERVE_NOW", at=cpo, to=cpo, body=reservation)
        self._home[cpo].order("cancel_reservation", party=cpo, emsp=emsp, reservation_id="R-1")
        told = self._wait(lambda: self._get_results(emsp, asked["id"]), lambda seen: len(seen) == 2)
        name = f"results of {emsp}'s reservation at {cpo}"
        return [self.figures.check(name, demanded=["ACCEPTED", "CANCELED_RESERVATION"], seen=_read({"results": told}))]

    def _set_profile(self, cpo: str, emsp: str) -> list[Figure]:
        """Set on a session, asked for, and told by the CPO without naming a receiver (CP-08)."""
        session = next(one["session_id"] for one in self.charged if (one["party"], one["emsp"]) == (cpo, emsp))
        put = self._ask(emsp, "profile", method="PUT", to=cpo, session_id=session, profile=_PROFILE)
        got = self._ask(emsp, "profile", method="GET", to=cpo, session_id=session)
        self._home[cpo].order("tell_active_profile", party=cpo, session_id=session)
        told = self._home[emsp].get_report()["active_profiles"]
        active = [one["profile"]["charging_profile"] for one in got["results"] if "profile" in one]
        updated = [one["charging_profile"] for key, one in told.items() if key == f"{emsp}/{session}".upper()]
        return [
            self.figures.check(f"result of {emsp}'s profile at {cpo}", demanded=["ACCEPTED"], seen=_read(put)),
            self.figures.check(f"profile {emsp} reads at {cpo}", demanded=[_PROFILE], seen=active),
            self.figures.check(f"profile {cpo} tells {emsp}", demanded=[_PROFILE], seen=updated),
        ]

    def _ask(self, emsp: str, order: str, **asked: Any) -> dict[str, Any]:
        """With the result that came; asked again if the question was lost on its way."""
        answered: dict[str, Any] = {}
        for _ in range(_ASKED_AGAIN):
            answered = self._home[emsp].order(order, party=emsp, **asked)
            refused = answered["answer"] is not None and answered["answer"]["status_code"] != 1000
            patience = 0.0 if refused else 3.0 if answered["answer"] is None else None
            identifier = answered["id"]
            results = self._wait(lambda: self._get_results(emsp, identifier), bool, patience=patience)  # noqa: B023
            if results:
                return answered | {"results": results}
        return answered

    def _get_results(self, emsp: str, asked_id: str) -> list[dict[str, Any]]:
        return list(self._home[emsp].order("get_asked", id=asked_id)["results"])


def _read(asked: dict[str, Any]) -> list[str]:
    """What came, or why nothing did."""
    return [one["result"] for one in asked["results"]] or [str(asked.get("answer"))]
