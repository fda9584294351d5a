"""Who plays in the demo, who has an agreement with whom, and how many of what there must be in the end. Data only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.config import Party, PlatformConfig

CPO_NL, CPO_BE, CPO_DE, CPO_AT = "NL*CPO", "BE*CPO", "DE*CPO", "AT*CPO"
EMSP_FR, EMSP_IT = "FR*MSP", "IT*MSP"
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles")


def _cpo(country: str, name: str, *, locations: int, tariffs: int, currency: str = "EUR") -> Party:
    return Party(
        country_code=country,
        party_id="CPO",
        role="CPO",
        name=name,
        locations=locations,
        tariffs=tariffs,
        currency=currency,
    )


def _emsp(country: str, name: str, *, tokens: int) -> Party:
    return Party(country_code=country, party_id="MSP", role="EMSP", name=name, tokens=tokens)


def build_platforms() -> list[PlatformConfig]:
    """Four back ends with six parties; new secrets each time."""
    return [
        PlatformConfig(
            name="cpo-nl",
            parties=(
                _cpo("NL", "Laadpunt Nederland", locations=96, tariffs=4),
                _cpo("BE", "Laadpunt België", locations=62, tariffs=3),
            ),
            page_limit=40,
            base_path="/backend/ocpi",
        ),
        PlatformConfig(
            name="cpo-de",
            parties=(
                _cpo("DE", "Ladenetz Mitte", locations=104, tariffs=4),
                _cpo("AT", "Ladenetz Alpen", locations=58, tariffs=4, currency="CHF"),
            ),
            page_limit=25,
        ),
        PlatformConfig(name="emsp-fr", parties=(_emsp("FR", "Roule Électrique", tokens=40),), base_path="/emsp/ocpi"),
        PlatformConfig(name="emsp-it", parties=(_emsp("IT", "Guida Elettrica", tokens=30),), page_limit=20),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    provider: str
    consumer: str
    delivery: str


# AT and FR have none, nor have BE and IT: nothing may pass between them.
AGREEMENTS = (
    Agreement(provider=CPO_NL, consumer=EMSP_FR, delivery="relay"),
    Agreement(provider=CPO_BE, consumer=EMSP_FR, delivery="relay"),
    Agreement(provider=CPO_DE, consumer=EMSP_FR, delivery="relay"),
    Agreement(provider=CPO_NL, consumer=EMSP_IT, delivery="store_and_forward"),
    Agreement(provider=CPO_DE, consumer=EMSP_IT, delivery="relay"),
    Agreement(provider=CPO_AT, consumer=EMSP_IT, delivery="store_and_forward"),
)


TIME_ZONE = "Europe/Amsterdam"  # of all terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the hub charges for a pair. `payers` as the management API names them."""

    provider: str
    consumer: str
    per_session: str = "0"
    per_kwh: str = "0"
    percentage: str = "0"
    minimum: str = "0"
    currency: str = "EUR"
    payer: str = "consumer"


TERMS = (
    Terms(provider=CPO_NL, consumer=EMSP_FR, per_session="0.08", per_kwh="0.004"),
    Terms(provider=CPO_BE, consumer=EMSP_FR, per_session="0.08", per_kwh="0.004", payer="both"),
    Terms(provider=CPO_DE, consumer=EMSP_FR, per_session="0.10", minimum="0.50"),
    Terms(provider=CPO_NL, consumer=EMSP_IT, percentage="1.5", payer="provider"),
    Terms(provider=CPO_DE, consumer=EMSP_IT, per_session="0.08", per_kwh="0.004", payer="both"),
    Terms(provider=CPO_AT, consumer=EMSP_IT, per_session="0.10", minimum="5", currency="CHF"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who bills and is billed. All invented; the VAT numbers are right in form only."""

    legal_name: str
    street: str
    postal_code: str
    city: str
    country: str
    vat_number: str
    language: str


HUB_COMPANY = Company(
    legal_name="Voorbeeld Roaminghub B.V.",
    street="Voorbeeldkade 1",
    postal_code="3511 AA",
    city="Utrecht",
    country="NL",
    vat_number="NL800000006B01",
    language="nl",
)
HUB_VAT = "21"  # per cent, in the hub's country
COMPANIES = {
    CPO_NL: Company(
        legal_name="Laadpunt Nederland Voorbeeld B.V.",
        street="Voorbeeldlaan 12",
        postal_code="3811 AB",
        city="Amersfoort",
        country="NL",
        vat_number="NL800000018B01",
        language="nl",
    ),
    CPO_BE: Company(
        legal_name="Laadpunt België Voorbeeld NV",
        street="Voorbeeldstraat 3",
        postal_code="3000",
        city="Leuven",
        country="BE",
        vat_number="BE0400123020",
        language="nl",
    ),
    CPO_DE: Company(
        legal_name="Ladenetz Mitte Muster GmbH",
        street="Musterweg 5",
        postal_code="34117",
        city="Kassel",
        country="DE",
        vat_number="DE100000129",
        language="de",
    ),
    CPO_AT: Company(
        legal_name="Ladenetz Alpen Muster GmbH",
        street="Mustergasse 7",
        postal_code="6020",
        city="Innsbruck",
        country="AT",
        vat_number="ATU12345675",
        language="de",
    ),
    EMSP_FR: Company(
        legal_name="Roule Électrique Exemple SAS",
        street="1 rue de l’Exemple",
        postal_code="69001",
        city="Lyon",
        country="FR",
        vat_number="FR88100000009",
        language="fr",
    ),
    EMSP_IT: Company(
        legal_name="Guida Elettrica Esempio S.r.l.",
        street="Via dell’Esempio 9",
        postal_code="40121",
        city="Bologna",
        country="IT",
        vat_number="IT01234500013",
        language="it",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Sessions at one CPO's charge points with one eMSP's tokens."""

    cpo: str
    emsp: str
    count: int
    faults: dict[str, int] = field(default_factory=dict)


RUNS = (
    Run(cpo=CPO_NL, emsp=EMSP_FR, count=10, faults={"other_kwh": 1}),
    Run(cpo=CPO_BE, emsp=EMSP_FR, count=7),
    Run(cpo=CPO_DE, emsp=EMSP_FR, count=8, faults={"no_cdr": 1}),
    Run(cpo=CPO_NL, emsp=EMSP_IT, count=8, faults={"billed_twice": 1}),
    Run(cpo=CPO_DE, emsp=EMSP_IT, count=5),
    Run(cpo=CPO_AT, emsp=EMSP_IT, count=4, faults={"posted_twice": 1}),
)
# what the hub calls each planted fault; one that changes nothing is not among them
FINDING_KINDS = {
    "other_kwh": "energy_differs",
    "no_cdr": "session_without_cdr",
    "billed_twice": "session_billed_twice",
}
AWAY = EMSP_IT
REGISTERED_BY_HUB = "emsp-it"  # the handshake is started from the hub's side
RUNS_WHILE_AWAY = (Run(cpo=CPO_NL, emsp=EMSP_IT, count=4), Run(cpo=CPO_DE, emsp=EMSP_IT, count=4))

REMOTE = (CPO_NL, EMSP_FR)
REMOTE_RUNS = (Run(cpo=CPO_NL, emsp=EMSP_FR, count=1),)


def find_partners(party: str) -> list[str]:
    """The parties this one has an agreement with."""
    pairs = [(one.provider, one.consumer) for one in AGREEMENTS]
    return [other for pair in pairs if party in pair for other in pair if other != party]


def count_cdrs(run: Run) -> int:
    return run.count - run.faults.get("no_cdr", 0) + run.faults.get("billed_twice", 0)


def count_by_cpo(emsp: str, *, runs: Iterable[Run], bills: bool) -> dict[str, int]:
    """How many sessions or CDRs of each CPO an eMSP must have after these runs."""
    counts: dict[str, int] = {}
    for run in runs:
        if run.emsp == emsp:
            counts[run.cpo] = counts.get(run.cpo, 0) + (count_cdrs(run) if bills else run.count)
    return counts
