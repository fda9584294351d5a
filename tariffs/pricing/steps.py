"""step_size: what is added to the last use of a dimension, once per session (TAR-09)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from tariffs.pricing.rate import Use
from tariffs.pricing.values import HOUR, ONE, THOUSAND, ZERO

_FOUR_DECIMALS = Decimal("0.0001")


def add_surpluses(uses: Iterable[Use]) -> bool:
    """Energy once; time of charging and of parking once together; the reservation for itself.

    True if tariffs of different steps were mixed.
    """
    by_dimension: dict[str, list[Use]] = {}
    tariff, is_of_several = None, False
    for use in uses:
        is_of_several = is_of_several or (tariff is not None and use.tariff is not tariff)
        tariff = use.tariff
        if use.component.type != "FLAT":
            by_dimension.setdefault(use.dimension, []).append(use)
    # With any priced parking only the parking is rounded.
    time = "PARKING_TIME" if "PARKING_TIME" in by_dimension else "TIME"
    for dimension, measure in (("ENERGY", _watt_hours), (time, _seconds), ("RESERVATION_TIME", _seconds)):
        if dimension in by_dimension:
            _add_surplus(by_dimension[dimension], measure=measure)
    return is_of_several and _is_mixed(by_dimension)


def _add_surplus(uses: Sequence[Use], *, measure: Callable[[Sequence[Use]], tuple[Decimal, Decimal]]) -> None:
    last = uses[-1]
    step = last.component.step_size
    if step <= 0:
        return
    raw, basis = measure(uses)
    if basis <= 0:  # fed back into the grid
        return
    # Not -(-a // b): integer division of Decimal cuts towards zero.
    billed = (basis / step).to_integral_value(ROUND_CEILING) * step
    if billed > basis:  # a multiple stays as it was measured
        last.surplus = billed - raw


def _watt_hours(uses: Sequence[Use]) -> tuple[Decimal, Decimal]:
    total = sum((use.quantity for use in uses), ZERO) * THOUSAND
    return total, total


def _seconds(uses: Sequence[Use]) -> tuple[Decimal, Decimal]:
    """What was measured, and what is rounded up: hours of four decimals stand for whole seconds.

    10 minutes are told as 0.1667 h, which is 600.12 s: not a second more than 600 was meant.
    """
    raw = sum((use.quantity for use in uses), ZERO) * HOUR
    meant = sum((_meant_seconds(use.quantity) for use in uses), ZERO)
    return raw, meant.to_integral_value(ROUND_HALF_UP)


def _meant_seconds(hours: Decimal) -> Decimal:
    seconds = hours * HOUR
    whole = seconds.to_integral_value(ROUND_HALF_UP)
    return whole if (whole / HOUR).quantize(_FOUR_DECIMALS, ROUND_HALF_UP) == hours else seconds


def _is_mixed(by_dimension: dict[str, list[Use]]) -> bool:
    for uses in by_dimension.values():
        if len({use.tariff.key for use in uses}) > 1 and any(use.component.step_size > ONE for use in uses):
            return True
    time = [use for name in ("TIME", "PARKING_TIME") for use in by_dimension.get(name, ())]
    return len({use.tariff.key for use in time}) > 1 and any(use.component.step_size > ONE for use in time)
