"""The cast of the checks: nine partners that register at the hub once, and contracts between them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.conformance.hub import HubUnderTest
from tests.conformance.objects import location
from tests.conformance.operator import NO_OPERATOR, NoOperator, Operator
from tests.conformance.partner import FUNCTIONAL, OFFERS, Partner
from tests.conformance.wire import new_id

ROLES = {
    "CPA": ("DE*CPA CPO",),
    "CPB": ("FR*CPB CPO",),
    "MSA": ("NL*MSA EMSP",),
    "MSB": ("BE*MSB EMSP",),
    "MIX": ("AT*MIX CPO", "AT*MIX EMSP"),
    "NAV": ("NL*NAV NSP",),
    "SCP": ("DE*SCP SCSP",),
    "NAP": ("NL*NAP NAP",),
    "OTH": ("SE*OTH OTHER",),
}
# Provider, consumer. MSA and CPB have none: ROUTE-22.
CONTRACTS = (
    *(("DE*CPA", to) for to in ("NL*MSA", "BE*MSB", "AT*MIX", "NL*NAV", "DE*SCP", "NL*NAP", "SE*OTH")),
    *(("FR*CPB", to) for to in ("BE*MSB", "AT*MIX", "NL*NAV", "SE*OTH")),
    *(("AT*MIX", to) for to in ("NL*MSA", "BE*MSB")),
    *(("NL*NAP", to) for to in ("NL*MSA", "NL*NAV", "SE*OTH")),
)


class Cast:
    """`cast.cpa.call(…)`; partners of a test's own come from `add`, and leave at the end of the test."""

    cpa: Partner
    cpb: Partner
    msa: Partner
    msb: Partner
    mix: Partner
    nav: Partner
    scp: Partner
    nap: Partner
    oth: Partner

    def __init__(self, hub: HubUnderTest) -> None:
        self.hub = hub
        self.everybody: list[Partner] = []
        self._added: list[Partner] = []
        self._used: set[str] = set()
        for name, roles in ROLES.items():
            partner = self._make(name, roles, OFFERS)
            setattr(self, name.lower(), partner)
            self.everybody.append(partner.register())
        if not isinstance(hub.operator, NoOperator):
            for provider, consumer in CONTRACTS:
                self.contract(provider, consumer)
        roles_of_hub = self.cpa.hub_credentials["roles"][0]
        self.HUB = f"{roles_of_hub['country_code']}*{roles_of_hub['party_id']}"

    @property
    def operator(self) -> Operator:
        return self.hub.operator

    @property
    def has_operator(self) -> bool:
        """For the part of a row that needs one, where the rest does not."""
        return not isinstance(self.hub.operator, NoOperator)

    def contract(
        self, provider: str, consumer: str, *, modules: Sequence[str] = FUNCTIONAL, delivery: str = "relay"
    ) -> Any:
        return self.operator.contract(provider, consumer, modules=modules, delivery=delivery)

    def plan(
        self, *roles: str, offers: Sequence[tuple[str, str]] = OFFERS, stays: bool = False, **options: Any
    ) -> Partner:
        """A further partner with a Token A that has not registered yet. Take a party id of the test's own.

        `stays`: until the end of the run, for fixtures that several rows share.
        """
        partner = self._make(new_id(f"{roles[0].split()[0]} "), roles, offers, **options)
        (self.everybody if stays else self._added).append(partner)
        return partner

    def add(self, *roles: str, contracts: Sequence[str] = (), **options: Any) -> Partner:
        """A further, registered partner. `contracts`: parties it has one with; it provides if it is a CPO or NAP."""
        partner = self.plan(*roles, **options).register()
        provides = partner.roles[0][1] in ("CPO", "NAP")
        for other in contracts:
            self.contract(*((partner.party, other) if provides else (other, partner.party)))
        return partner

    def keep(self, partner: Partner) -> Partner:
        """It stays until the end of the run."""
        self._added.remove(partner)
        self.everybody.append(partner)
        return partner

    def settle(self, cpo: Partner, newcomer: Partner) -> None:
        """Until the hub tells the newcomer what `cpo` pushes: nobody hears of what was before (ROUTE-21)."""
        for _ in range(10):
            id = new_id("WARM")
            cpo.call("PUT", "locations", f"{cpo.owner}/{id}", body=location(id, owner=cpo.party), to=self.HUB)
            with suppress(AssertionError):
                newcomer.wait_for("PUT", "locations", contains=id, within=3)
                return
        raise AssertionError(f"the hub passes nothing on to {newcomer.party}")

    def end_test(self) -> None:
        while self._added:
            partner = self._added.pop()
            if partner.token and "credentials" in {module for module, _ in partner.hub_endpoints}:
                partner.configure("DELETE", partner.hub_endpoints["credentials", "SENDER"])
            partner.close()

    def close(self) -> None:
        for partner in self.everybody:
            partner.close()

    def _make(self, name: str, roles: Sequence[str], offers: Sequence[tuple[str, str]], **options: Any) -> Partner:
        handle, token_a = self._get_token_a(name, roles)
        return Partner(
            *roles,
            versions_url=self.hub.versions_url,
            token_a=token_a,
            offers=offers,
            handle=handle,
            **options,
        )

    def _get_token_a(self, name: str, roles: Sequence[str]) -> tuple[Any, str]:
        if not isinstance(self.operator, NoOperator):
            planned = self.operator.plan(name, roles)
            return planned.handle, planned.token_a
        if name not in ROLES:
            self.operator.plan(name, roles)  # not applicable
        assert name in self.hub.tokens, f"CONFORMANCE_TOKENS has no Token A for {name}; {NO_OPERATOR}"
        return None, self.hub.tokens[name]
