"""From uses to money: lines, sums per cost field, limits, the sign of a credit. Nothing is rounded here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tariffs.pricing.dialects import COST_FIELDS, PARTS, SAME, Factor
from tariffs.pricing.rate import Use
from tariffs.pricing.result import Amount, Line
from tariffs.pricing.tariff import Tariff
from tariffs.pricing.values import HOUR, ONE, THOUSAND, ZERO

NOTHING = Amount(ZERO, ZERO)


def line_of(use: Use) -> Line:
    component = use.component
    billed, raw = _bill(use)
    type = component.type
    return Line(
        type if type == use.dimension or type == "FLAT" else use.dimension,
        use.tariff.id,
        component.element,
        component.index,
        component.price,
        component.vat,
        component.step_size,
        use.quantity,
        billed,
        Amount(_times(raw, component.excl), _times(raw, component.incl)),
        COST_FIELDS[type] if type != "FLAT" and type == use.dimension else _cost_field(use),
    )


def sum_up(uses: Iterable[Use]) -> dict[str, Amount]:
    """By cost field; total_cost is their sum. The sums of the lines, without making any."""
    sums: dict[str, tuple[Decimal | None, Decimal | None]] = {}
    for use in uses:
        component = use.component
        raw = _bill(use)[1] if use.surplus else use.quantity * component.price
        type, excl, incl = component.type, component.excl, component.incl
        name = COST_FIELDS[type] if type != "FLAT" and type == use.dimension else _cost_field(use)
        amount = raw if excl is SAME else _times(raw, excl), raw if incl is SAME else _times(raw, incl)
        sums[name] = _add(sums.get(name, NOTHING), amount)
    parts = {name: Amount(*sums[name]) if name in sums else NOTHING for name in PARTS}
    total: tuple[Decimal | None, Decimal | None] = NOTHING
    for name in PARTS:
        if name in sums:
            total = _add(total, sums[name])
    return {"total_cost": Amount(*total), **parts}


def _add(
    one: tuple[Decimal | None, Decimal | None], other: tuple[Decimal | None, Decimal | None]
) -> tuple[Decimal | None, Decimal | None]:
    (excl, incl), (more_excl, more_incl) = one, other
    return (
        None if excl is None or more_excl is None else excl + more_excl,
        None if incl is None or more_incl is None else incl + more_incl,
    )


def negate(amount: Amount) -> Amount:
    # Not -0: it prints as such, and a credit of nothing is nothing.
    return Amount(*(None if value is None else ZERO - value for value in amount))


def clamp(amount: Amount, tariff: Tariff) -> tuple[Amount, str | None]:
    """min_price and max_price bind the sums with and without VAT each for itself; which one did (TAR-08)."""
    bound = None
    for limit, name, is_max in ((tariff.min_price, "min", False), (tariff.max_price, "max", True)):
        if limit is not None:
            limited = _limit(amount, limit, is_max=is_max)
            if limited != amount:
                amount, bound = limited, name
    return amount, bound


def _limit(amount: Amount, limit: Amount, *, is_max: bool) -> Amount:
    excl, incl = amount
    low, high = limit
    limited = _bound(excl, low, is_max=is_max)
    if high is not None:
        return Amount(limited, _bound(incl, high, is_max=is_max))
    if limited == excl or incl is None or excl is None or limited is None:
        return Amount(limited, incl)
    # No limit with VAT is given: the VAT shrinks or grows as the price does, else it might exceed it.
    return Amount(limited, limited * incl / excl if excl else limited)


def _bound(value: Decimal | None, limit: Decimal | None, *, is_max: bool) -> Decimal | None:
    if value is None or limit is None:
        return value
    return min(value, limit) if is_max else max(value, limit)


def _bill(use: Use) -> tuple[Decimal, Decimal]:
    """The billed quantity, and its price before VAT factors; divided last."""
    quantity, price, surplus = use.quantity, use.component.price, use.surplus
    if not surplus:
        return quantity, quantity * price
    if use.dimension == "ENERGY":
        billed = quantity + surplus / THOUSAND
        return billed, billed * price
    seconds = quantity * HOUR + surplus
    return seconds / HOUR, seconds * price / HOUR


def _times(amount: Decimal, factor: Factor) -> Decimal | None:
    if factor is SAME:
        return amount
    if factor is None:
        return None if amount else ZERO
    numerator, denominator = factor
    return amount * numerator if denominator is ONE else amount * numerator / denominator


def _cost_field(use: Use) -> str:
    """A flat fee belongs to the reservation or the parking if that is what it is for."""
    if use.component.type != "FLAT" or use.dimension == "RESERVATION_TIME":
        return COST_FIELDS[use.dimension]
    volumes: Mapping[str, Decimal] = use.period.volumes
    is_parked = volumes.get("PARKING_TIME") and not volumes.get("TIME") and not volumes.get("ENERGY")
    return COST_FIELDS["PARKING_TIME" if is_parked and use.component.is_for_parking else "FLAT"]
