"""The main job from the first handshake to the last invoice, as steps that check their own figures.

Used by `manage.py demo` and by the journey tests, which kill parts of the hub between and during the steps.
"""

from __future__ import annotations

from datetime import UTC, datetime

from simulator import cast
from simulator.cast import Run
from simulator.clock import format_moment
from simulator.figures import Figure
from simulator.money_steps import MoneySteps
from simulator.process import PlatformProcess
from simulator.remote_steps import RemoteSteps


class Scenario(RemoteSteps, MoneySteps):
    """`figures` grows with every step; `figures.wrong` is what does not agree with what the cast demands."""

    def run(self) -> None:
        """All steps in their order; without `partner_token` nobody can dispute, and the scenario ends before that."""
        self.start()
        self.set_up()
        self.register()
        self.push_objects()
        self.pull_objects()
        self.charge()
        self.switch_off_and_on()
        self.ask_from_afar()
        self.pull_bills()
        self.reconcile()
        if self._partner_token is not None:
            self.dispute()
            self.settle()

    # Steps

    def start(self) -> None:
        for home in self.platforms.values():
            home.start()
        self._tell("0/8", f"{len(self.platforms)} platforms listen, with {len(self._home)} parties")

    def set_up(self) -> None:
        """The hub's staff creates the partners, their Token A and the agreements."""
        for name, home in self.platforms.items():
            parties = [
                {"country_code": one.country_code, "party_id": one.party_id, "role": one.role, "name": one.name}
                for one in home.config.parties
            ]
            self._tokens[name] = self.hub.create_platform(name=name, parties=parties)
        for agreement in cast.AGREEMENTS:
            self.hub.create_agreement(
                {
                    "provider": agreement.provider,
                    "consumer": agreement.consumer,
                    "modules": list(cast.MODULES),
                    "valid_from": "2020-01-01T00:00:00Z",
                    "valid_until": None,
                    "delivery": agreement.delivery,
                    "delivery_by_module": {},
                }
            )
        self._tell("0/8", f"partners created, {len(cast.AGREEMENTS)} agreements made")

    def register(self) -> list[Figure]:
        """1: three platforms register at the hub, and the hub registers at the fourth."""
        for home in self.platforms.values():
            self._register(home, by_hub=home.config.name == cast.REGISTERED_BY_HUB)
            home.order("pull_client_info")  # who is there already; who comes later is told by a push
        registered = sum(home.get_report()["registered"] for home in self.platforms.values())
        figures = [self.figures.check("platforms registered", demanded=len(self.platforms), seen=registered)]
        figures += [self._check_client_info(home, "after the registration") for home in self.platforms.values()]
        self._tell("1/8", f"{registered} platforms registered, one of them by the hub; everybody is told of everybody")
        return figures

    def push_objects(self) -> list[Figure]:
        """2: locations, tariffs and tokens go to the hub, which tells everybody who has an agreement."""
        pushes = [(party, module) for party in self.parties for module in self._get_pushed(party)]
        outcomes = self._at_once(lambda push: self._home[push[0]].order("push", party=push[0], module=push[1]), pushes)
        figures, totals = [], dict.fromkeys(("locations", "tariffs", "tokens"), 0)
        for (party, module), outcome in zip(pushes, outcomes, strict=True):
            totals[module] += outcome["sent"]
            demanded = {"sent": getattr(self._roles[party], module), "refused": []}
            figures.append(self.figures.check(f"{module} pushed by {party}", demanded=demanded, seen=outcome))
        figures += self._check_broadcasts("after the push")
        self._tell("2/8", ", ".join(f"{count} {module}" for module, count in totals.items()) + " pushed and told on")
        return figures

    def pull_objects(self) -> list[Figure]:
        """3: GET All at the hub, and an addressed GET that is relayed, both page after page."""
        figures = [
            self._check_get_all(party, module, limit=50)
            for party in self.parties
            for module in (("locations", "tariffs") if self.get_role(party) == "EMSP" else ("tokens",))
        ]
        pull = self._pull(cast.EMSP_IT, "locations", to=cast.CPO_DE)
        demanded = self._roles[cast.CPO_DE].locations
        pages = -(-demanded // self._home[cast.CPO_DE].config.page_limit)
        name = f"locations of {cast.CPO_DE} pulled by {cast.EMSP_IT}, relayed"
        seen = (pull["count"], pull["announced"], pull["pages"])
        figures.append(self.figures.check(name, demanded=(demanded, demanded, pages), seen=seen))
        figures.append(self._check_stranger(cast.EMSP_FR, cast.CPO_AT))
        counts = ", ".join(f"{party} {self.pulled[party, 'locations']['count']}" for party in self._find("EMSP"))
        self._tell("3/8", f"locations visible: {counts}; {pull['count']} pulled from {cast.CPO_DE} through the hub")
        return figures

    def charge(self) -> list[Figure]:
        """4: charging sessions from plug to bill, with planted faults."""
        self._charge(cast.RUNS)
        self._resend()
        figures = self._check_traffic(cast.RUNS, "after the sessions") + self._check_broadcasts("after the sessions")
        bills = sum(cast.count_cdrs(run) for run in cast.RUNS)
        self._tell("4/8", f"{len(self.charged)} sessions run and {bills} CDRs delivered")
        return figures

    def switch_off_and_on(self) -> list[Figure]:
        """5: an eMSP is off while people charge with its tokens, and complete again afterwards.

        Under `store_and_forward` the hub delivers what waited. Under `relay` the CPO was told 4003: the eMSP asks
        for what it missed, as OCPI wants it, and the CPO brings its bills once more.
        """
        home, since = self._home[cast.AWAY], format_moment(datetime.now(UTC))
        home.order("leave")
        self._charge(cast.RUNS_WHILE_AWAY)
        home.order("come_back")
        for module in ("sessions", "cdrs"):
            self._pull(cast.AWAY, module, to=cast.CPO_DE, query={"date_from": since})
        self._resend()
        self._pull(cast.AWAY, "locations", query={"date_from": since})
        figures = self._check_traffic(self.played, "after the outage") + self._check_broadcasts("after the outage")
        figures += [self._check_client_info(home, "after the outage") for home in self.platforms.values()]
        missed = sum(run.count for run in cast.RUNS_WHILE_AWAY)
        self._tell("5/8", f"{cast.AWAY} was away during {missed} sessions and is complete again")
        return figures

    def ask_from_afar(self) -> list[Figure]:
        """5: a remote start with its session and bill, a reservation the CPO cancels later, a charging profile."""
        cpo, emsp = cast.REMOTE
        figures = self._start_remotely(cpo, emsp)
        figures += self._check_traffic(self.played, "after the remote start")
        figures += self._reserve_and_lose(cpo, emsp)
        figures += self._set_profile(cpo, emsp)
        self._tell("5/8", f"{emsp} started a session at {cpo} remotely, lost a reservation and set a charging profile")
        return figures

    def pull_bills(self) -> list[Figure]:
        """5: GET All of CDRs and sessions brings exactly one's own."""
        figures = []
        for emsp in self._find("EMSP"):
            for module, bills in (("cdrs", True), ("sessions", False)):
                pull = self._pull(emsp, module, query={"date_from": self._started_at})
                self.pulled[emsp, module] = pull
                demanded = cast.count_by_cpo(emsp, runs=self.played, bills=bills)
                name = f"{module} pulled by {emsp}, by owner"
                figures.append(self.figures.check(name, demanded=demanded, seen=pull["by_owner"]))
        counts = ", ".join(f"{emsp} {self.pulled[emsp, 'cdrs']['count']}" for emsp in self._find("EMSP"))
        self._tell("5/8", f"CDRs pulled: {counts}")
        return figures

    def reconcile(self) -> list[Figure]:
        """6: every CDR is compared with its session; the planted faults are found, and nothing else."""
        bills = sum(cast.count_cdrs(run) for run in self.played)
        self.hub.reconcile_now()
        outcome = self._wait(
            self.hub.get_reconciliation, lambda seen: seen["pending"] == 0 and seen["reconciled"] >= bills
        )
        planted = {one["session_id"]: one["fault"] for one in self.charged if one["fault"] in cast.FINDING_KINDS}
        found = self._wait(self._find_subjects, lambda seen: set(seen) == set(planted))
        unnamed = [name for name, fault in planted.items() if cast.FINDING_KINDS[fault] not in found.get(name, [])]
        figures = [
            self.figures.check("CDRs reconciled", demanded=bills, seen=outcome["reconciled"]),
            self.figures.check("CDRs waiting for reconciliation", demanded=0, seen=outcome["pending"]),
            self.figures.check("sessions with findings", demanded=sorted(planted), seen=sorted(found)),
            self.figures.check("planted faults not named", demanded=[], seen=unnamed),
            self.figures.check("dead letters", demanded=0, seen=len(self.hub.list_dead_letters())),
        ]
        for home in self.platforms.values():
            breaches = home.get_report()["breaches"]
            figures.append(
                self.figures.check(f"breaches of OCPI seen by {home.config.name}", demanded=[], seen=breaches)
            )
        self._tell("6/8", f"{outcome['reconciled']} CDRs reconciled")
        for session, kinds in sorted(found.items()):
            self._say(f"         {session}: {', '.join(kinds)} (planted: {planted.get(session, 'nothing')})")
        return figures

    # What the steps are made of

    def _check_client_info(self, home: PlatformProcess, when: str) -> Figure:
        """HCI-04, HCI-05: CONNECTED are exactly the partners under an agreement; others are PLANNED or not shown."""
        demanded = sorted({other for party in home.config.parties for other in cast.find_partners(party.key)})

        def get_connected() -> list[str]:
            shown = home.get_report()["client_info"]
            return sorted(key.split("/")[0] for key, status in shown.items() if status == "CONNECTED")

        seen = self._wait(get_connected, lambda seen: seen == demanded)
        name = f"partners shown to {home.config.name} as connected {when}"
        return self.figures.check(name, demanded=demanded, seen=seen)

    def _check_broadcasts(self, when: str) -> list[Figure]:
        """Each party holds exactly what its partners own, with the same content: nothing more, nothing less."""
        figures = []
        for party in self.parties:
            for module in ("locations", "tariffs") if self.get_role(party) == "EMSP" else ("tokens",):
                demanded = self._get_owned(cast.find_partners(party), module)
                name = f"{module} known to {party} {when}"
                figures += self._check_copies(party, module, demanded, name=name)
        return figures

    def _check_traffic(self, runs: tuple[Run, ...], when: str) -> list[Figure]:
        """Each session and CDR is at the party that owns the token, once by owner and id, as its CPO has it."""
        figures = []
        for emsp in self._find("EMSP"):
            ours = [one for one in self.charged if one["emsp"] == emsp]
            for module, names in (
                ("sessions", [(one["party"], one["session_id"]) for one in ours]),
                ("cdrs", [(one["party"], cdr_id) for one in ours for cdr_id in one["cdr_ids"]]),
            ):
                keys = {f"{party}/{name}".upper() for party, name in names}
                owned = self._get_owned(sorted({run.cpo for run in runs}), module)
                demanded = {key: digest for key, digest in owned.items() if key in keys}
                count = sum(cast.count_cdrs(run) if module == "cdrs" else run.count for run in runs if run.emsp == emsp)
                self.figures.check(f"{module} made for {emsp} {when}", demanded=count, seen=len(demanded))
                figures += self._check_copies(emsp, module, demanded, name=f"{module} at {emsp} {when}")
        return figures

    def _check_copies(self, party: str, module: str, demanded: dict[str, str], *, name: str) -> list[Figure]:
        """Counts first, which say most to people; then the content, of which only the differing keys are shown."""

        def get_copies() -> dict[str, str]:
            return self._home[party].get_objects(kind="received", party=party, module=module)

        seen = self._wait(get_copies, lambda seen: seen == demanded)
        differing = sorted(key for key in demanded.keys() | seen.keys() if demanded.get(key) != seen.get(key))
        return [
            self.figures.check(name, demanded=len(demanded), seen=len(seen)),
            self.figures.check(f"{name}, differing", demanded=[], seen=differing),
        ]

    def _check_get_all(self, party: str, module: str, *, limit: int) -> Figure:
        pull = self._pull(party, module, query={"limit": str(limit)})
        self.pulled[party, module] = pull
        demanded = {other: getattr(self._roles[other], module) for other in cast.find_partners(party)}
        total = sum(demanded.values())
        seen = (pull["by_owner"], pull["announced"], pull["pages"] >= -(-total // limit))
        return self.figures.check(f"GET All {module} by {party}", demanded=(demanded, total, True), seen=seen)

    def _check_stranger(self, asker: str, asked: str) -> Figure:
        """Without an agreement nothing passes (ROUTE-22)."""
        order = {"module": "locations", "interface": "SENDER", "from": asker, "to": asked}
        reply = self._home[asker].order("call", **order)
        return self.figures.check(f"answer to {asker} asking {asked}", demanded=4003, seen=reply["status_code"])

    def _find_subjects(self) -> dict[str, list[str]]:
        """Session → kinds of its findings. A finding names a CDR or a session; what names neither is kept as it is."""
        session_of = {one["session_id"]: one["session_id"] for one in self.charged}
        session_of |= {cdr_id: one["session_id"] for one in self.charged for cdr_id in one["cdr_ids"]}
        found: dict[str, list[str]] = {}
        for finding in self.hub.list_findings():
            names = {str(value) for value in finding.values()}
            session = next((session_of[name] for name in names if name in session_of), str(finding))
            found.setdefault(session, []).append(str(finding.get("kind", "?")))
        return found
