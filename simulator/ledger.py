"""What must be in the statements of a month, reckoned from the CPOs' own CDRs. Pure; nothing of the hub is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from simulator.cast import Terms
from simulator.cities import COUNTRIES
from simulator.clock import parse_moment
from simulator.month import Month
from simulator.store import Document

_ZERO, _CENT = Decimal(0), Decimal("0.01")  # both currencies of the cast have cents
_ALPHA_2 = {country.alpha3: name for name, country in COUNTRIES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One statement of CDRs: who bills whom, for what was charged where, in which currency."""

    seller: str
    buyer: str
    country: str
    currency: str


@dataclass(slots=True, kw_only=True)
class Sums:
    cdrs: int = 0
    sessions: int = 0  # CDRs less credits
    kwh: Decimal = _ZERO
    net: Decimal = _ZERO
    vat: Decimal = _ZERO
    gross: Decimal = _ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    provider: str
    consumer: str
    payer: str
    currency: str
    net: Decimal
    vat: Decimal


def sum_up(
    documents: Iterable[Document], *, month: Month, held: Collection[str], same_country: Collection[tuple[str, str]]
) -> dict[Place, Sums]:
    """`held`: ids of CDRs that must wait. `same_country`: pairs whose statements carry VAT, as stated."""
    sums: dict[Place, Sums] = defaultdict(Sums)
    for cdr in documents:
        if parse_moment(cdr["end_date_time"]) in month and cdr["id"] not in held:
            place = _get_place(cdr)
            _add(sums[place], cdr, with_vat=(place.seller, place.buyer) in same_country)
    return dict(sums)


def get_outside(documents: Iterable[Document], *, month: Month) -> set[str]:
    """Ids of CDRs that ended in another month; a session by command begins two hours ago, so it may be of the month."""
    return {cdr["id"] for cdr in documents if parse_moment(cdr["end_date_time"]) not in month}


def charge(terms: Terms, sums: Iterable[Sums], *, taxed: Collection[str], vat: str) -> list[Fee]:
    """What each payer owes the hub for a pair. `taxed`: parties in the hub's own country, who pay its `vat`."""
    settled = list(sums)
    parts = [
        _round(Decimal(terms.per_session) * sum(one.sessions for one in settled)),
        _round(Decimal(terms.per_kwh) * sum((one.kwh for one in settled), _ZERO)),
        _round(Decimal(terms.percentage) * sum((one.net for one in settled), _ZERO) / 100),
    ]
    parts.append(max(Decimal(terms.minimum) - sum(parts), _ZERO))
    payers = {"provider": [terms.provider], "consumer": [terms.consumer], "both": [terms.provider, terms.consumer]}
    return [
        Fee(
            provider=terms.provider,
            consumer=terms.consumer,
            payer=payer,
            currency=terms.currency,
            net=sum(parts, _ZERO),
            vat=sum((_round(part * Decimal(vat) / 100) for part in parts), _ZERO) if payer in taxed else _ZERO,
        )
        for payer in payers[terms.payer]
    ]


def _get_place(cdr: Document) -> Place:
    token = cdr["cdr_token"]
    return Place(
        seller=f"{cdr['country_code']}*{cdr['party_id']}",
        buyer=f"{token['country_code']}*{token['party_id']}",
        country=_ALPHA_2[cdr["cdr_location"]["country"]],
        currency=cdr["currency"],
    )


def _add(sums: Sums, cdr: Document, *, with_vat: bool) -> None:
    """A credit's costs are below zero already; its energy is told as it was."""
    sign = -1 if cdr.get("credit") else 1
    net, gross = _round(cdr["total_cost"]["excl_vat"]), _round(cdr["total_cost"]["incl_vat"])
    sums.cdrs += 1
    sums.sessions += sign
    sums.kwh += sign * cdr["total_energy"]
    sums.net += net
    sums.vat += gross - net if with_vat else _ZERO
    sums.gross += gross if with_vat else net


def _round(amount: Decimal) -> Decimal:
    return Decimal(amount).quantize(_CENT, rounding=ROUND_HALF_UP)
