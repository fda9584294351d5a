"""Claimed against computed. What the CPO rounded is not wrong; more than rounding explains is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from tariffs.pricing.dialects import PARTS
from tariffs.pricing.findings import Findings
from tariffs.pricing.policy import Policy, smallest_unit
from tariffs.pricing.result import Amount
from tariffs.pricing.totals import NOTHING, negate
from tariffs.pricing.values import ZERO

Amounts = Mapping[str, Amount]
_WIRE = Decimal("0.0001")  # what a number of OCPI can say
_HUGE = Decimal("1E+20")


def compare(
    claimed: Amounts,
    totals: Amounts,
    *,
    is_credit: bool,
    is_clamped: bool,
    currency: str,
    policy: Policy,
    findings: Findings,
) -> dict[str, Amount]:
    """claimed - computed for each cost field that the CDR has."""
    unit = smallest_unit(currency)
    comparison = _Comparison(claimed, totals, tolerance=policy.total * unit, findings=findings)
    differences: dict[str, Amount] = {}
    for name in PARTS:
        if name in claimed:
            differences[name] = comparison.part(name, is_credit=is_credit)
        elif any(totals[name]) and len(claimed) > 1:
            findings.add(f"{name}_missing", f"/{name}", "not told", expected=totals[name])
    if "total_cost" in claimed:
        lines = sum(1 for name in differences if any(differences[name]))  # rounded by themselves
        comparison.tolerance += lines * policy.line * unit
        differences["total_cost"] = comparison.total(is_credit=is_credit)
        if not is_clamped:
            comparison.sum_of_parts(is_credit=is_credit)
    return differences


class _Comparison:
    def __init__(self, claimed: Amounts, totals: Amounts, *, tolerance: Decimal, findings: Findings) -> None:
        self.claimed = claimed
        self.totals = totals
        self.tolerance = tolerance
        self.findings = findings

    def total(self, *, is_credit: bool) -> Amount:
        claimed, computed = self.claimed["total_cost"], self.totals["total_cost"]
        sign = claimed.excl_vat or ZERO
        if is_credit and sign > 0 and not (computed.excl_vat or ZERO) > 0:
            what = "a credit gives back: its total is negative"  # CDR-07
            self.findings.add("credit_total_not_negative", "/total_cost", what, expected=computed, actual=claimed)
        elif not is_credit and sign < 0 and not (computed.excl_vat or ZERO) < 0:
            what = "negative, but neither a credit nor energy fed back"
            self.findings.add("negative_total_cost", "/total_cost", what, expected=computed, actual=claimed)
        if claimed.incl_vat is None and computed.incl_vat is not None and computed.incl_vat != computed.excl_vat:
            self.findings.add("incl_vat_missing", "/total_cost", "the VAT is not told", expected=computed.incl_vat)
        return self._field("total_cost", computed)

    def part(self, name: str, *, is_credit: bool) -> Amount:
        """Parts of a credit keep their sign (CDR-07), but many negate them as well."""
        computed = self.totals[name]
        if is_credit and any(computed) and self._is_near(self.claimed[name], negate(computed)):
            what = "negated, though only total_cost of a credit is"
            self.findings.add("credit_parts_changed", f"/{name}", what, expected=computed, actual=self.claimed[name])
            computed = negate(computed)
        return self._field(name, computed)

    def sum_of_parts(self, *, is_credit: bool) -> None:
        parts = [name for name in PARTS if name in self.claimed]
        if not parts or any(any(self.totals[name]) for name in PARTS if name not in self.claimed):
            return
        total = self.claimed["total_cost"]
        for side, label in ((0, "without VAT"), (1, "with VAT")):
            amounts = [self.claimed[name][side] for name in parts]
            whole = total[side]
            known = [amount for amount in amounts if amount is not None]
            if whole is None or len(known) < len(amounts):
                continue
            summed = sum(known, ZERO)
            off = min(abs(whole - summed), abs(whole + summed)) if is_credit else abs(whole - summed)
            if off > self.tolerance:
                what = f"the parts do not add up to it, {label}"
                self.findings.add("parts_do_not_sum", "/total_cost", what, expected=summed, actual=whole)

    def _field(self, name: str, computed: Amount) -> Amount:
        claimed = self.claimed[name]
        if claimed == computed:
            return NOTHING
        without, with_ = _minus(claimed[0], computed[0]), _minus(claimed[1], computed[1])
        difference, tolerance = Amount(without, with_), self.tolerance
        if (without is not None and abs(without) > tolerance) or (with_ is not None and abs(with_) > tolerance):
            self.findings.add(
                f"{name}_mismatch", f"/{name}", "is not what it comes to", expected=computed, actual=claimed
            )
        elif _is_off(claimed[0], computed[0]) or _is_off(claimed[1], computed[1]):
            what = "differs by no more than rounding does"
            self.findings.add("rounding_difference", f"/{name}", what, expected=computed, actual=claimed)
        return difference

    def _is_near(self, claimed: Amount, computed: Amount) -> bool:
        return _is_within(claimed[0], computed[0], self.tolerance) and _is_within(
            claimed[1], computed[1], self.tolerance
        )


def _is_within(one: Decimal | None, two: Decimal | None, tolerance: Decimal) -> bool:
    return one is None or two is None or abs(one - two) <= tolerance


def _minus(one: Decimal | None, two: Decimal | None) -> Decimal | None:
    return None if one is None or two is None else one - two


def _is_off(claimed: Decimal | None, computed: Decimal | None) -> bool:
    if claimed is None or computed is None:
        return False
    if abs(computed) >= _HUGE:  # has no four decimals in 28 digits
        return claimed != computed
    return claimed != computed.quantize(_WIRE, ROUND_HALF_UP)
