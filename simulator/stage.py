"""The four platforms of the scenario and what can be done with them: start, register, order, wait. Judges nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from simulator import cast
from simulator.cast import Run
from simulator.clock import format_moment
from simulator.errors import PeerError
from simulator.figures import Figures
from simulator.hub_api import HubApi, HubError
from simulator.month import Month
from simulator.process import PlatformProcess

_EVERY_PAUSE = 0.3
_HANDSHAKES = 3
_PATIENCE_AFTER_A_FAILURE = 5.0


class Stage:
    """A scenario is played on it. Everything waits for `patience` at most, and shorter once something has failed."""

    def __init__(
        self,
        *,
        hub: HubApi,
        folder: Path,
        say: Callable[[str], None] = print,
        patience: float = 120.0,
        pace: float = 0.02,
        partner_token: Callable[[str], str] | None = None,
    ) -> None:
        """`partner_token`: makes a token of the hub's partner API for the platform of this name."""
        self.hub = hub
        self.figures = Figures()
        self.charged: list[dict[str, Any]] = []
        self.played: tuple[Run, ...] = ()  # what `charged` must consist of
        self.pulled: dict[tuple[str, str], dict[str, Any]] = {}  # (party, module) → what GET All brought
        self.platforms = {config.name: PlatformProcess(config, folder=folder) for config in cast.build_platforms()}
        self._home = {party.key: home for home in self.platforms.values() for party in home.config.parties}
        self._roles = {party.key: party for home in self.platforms.values() for party in home.config.parties}
        self._tokens: dict[str, dict[str, Any]] = {}
        self._say, self._patience, self._pace = say, patience, pace
        self._partner_token = partner_token
        self.month = Month.before(datetime.now(UTC), zone=cast.TIME_ZONE)
        self._begun = time.monotonic()
        self._started_at = format_moment(datetime.now(UTC))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        for home in self.platforms.values():
            home.stop()
        self.hub.close()

    def get_home(self, party: str) -> PlatformProcess:
        return self._home[party]

    def get_role(self, party: str) -> str:
        return self._roles[party].role

    @property
    def parties(self) -> list[str]:
        return list(self._home)

    def _register(self, home: PlatformProcess, *, by_hub: bool) -> None:
        """A handshake that breaks in the middle is begun again with a new Token A, as staff would do."""
        issued = self._tokens[home.config.name]
        own = {"versions_url": home.versions_url, "token_a": home.config.token_a}
        for attempt in range(_HANDSHAKES):
            try:
                if by_hub:
                    self.hub.register_at(issued["id"], **own)
                else:
                    home.order("register", versions_url=issued["versions_url"], token_a=issued["token_a"])
                return
            except (PeerError, HubError):
                if attempt + 1 == _HANDSHAKES:
                    raise
                issued = self.hub.renew_token_a(issued["id"])
                own["token_a"] = home.order("issue_token_a")["token_a"]

    def _pull(self, party: str, module: str, *, to: str = "", query: dict[str, str] | None = None) -> Any:
        """Begun again while the hub or the party asked is in trouble."""
        end = time.monotonic() + self._patience
        while True:
            try:
                return self._home[party].order("pull", party=party, module=module, to=to, query=query or {})
            except PeerError:
                if time.monotonic() > end:
                    raise
                time.sleep(_EVERY_PAUSE)

    def _find(self, role: str) -> list[str]:
        return [party for party in self.parties if self.get_role(party) == role]

    def _get_pushed(self, party: str) -> tuple[str, ...]:
        return ("tokens",) if self.get_role(party) == "EMSP" else ("tariffs", "locations")

    def _charge(self, runs: tuple[Run, ...]) -> None:
        def order(run: Run) -> Any:
            faults = dict(run.faults)
            home = self._home[run.cpo]
            span = [format_moment(self.month.start), format_moment(self.month.end)]
            told = {"count": run.count, "faults": faults, "pace": str(self._pace), "span": span}
            return home.order("sessions", party=run.cpo, emsp=run.emsp, **told)

        self.played += runs
        for outcome in self._at_once(order, runs):
            self.charged += outcome["sessions"]

    def _resend(self) -> None:
        """CPOs bring once more what nobody took, until it is taken."""
        for home in self.platforms.values():
            left = self._wait(partial(_resend_from, home), lambda left: left == 0)
            self.figures.check(f"sessions and CDRs of {home.config.name} nobody took", demanded=0, seen=left)

    def _get_owned(self, parties: list[str], module: str) -> dict[str, str]:
        owned: dict[str, str] = {}
        for party in parties:
            owned |= self._home[party].get_objects(kind="own", party=party, module=module)
        return owned

    def _at_once(self, call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(call, items))

    def _wait(self, look: Callable[[], Any], is_right: Callable[[Any], bool], *, patience: float | None = None) -> Any:
        """What is seen when it is right, or when patience is over. The hub works asynchronously."""
        if patience is not None:
            return self._wait_briefly(look, is_right, patience=patience)
        end = time.monotonic() + self._patience
        while True:
            seen = look()
            if is_right(seen):
                return seen
            if time.monotonic() > end:
                self._patience = min(self._patience, _PATIENCE_AFTER_A_FAILURE)
                return seen
            time.sleep(_EVERY_PAUSE)

    def _wait_briefly(self, look: Callable[[], Any], is_right: Callable[[Any], bool], *, patience: float) -> Any:
        """Nothing has failed yet if it does not come."""
        end = time.monotonic() + patience
        while not is_right(seen := look()) and time.monotonic() < end:
            time.sleep(_EVERY_PAUSE)
        return seen

    def _tell(self, step: str, text: str) -> None:
        self._say(f"[{time.monotonic() - self._begun:6.1f} s] {step}  {text}")


def _resend_from(home: PlatformProcess) -> int:
    return int(home.order("resend")["left"])
