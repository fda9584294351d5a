"""What the engine says of a CDR: totals, how they came about, what was found. Values; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

ENGINE_VERSION: Final = "3"  # changes whenever a price can come out differently


class Severity(StrEnum):
    PASS = "pass"  # worth knowing
    FLAG = "flag"  # somebody should look
    HOLD = "hold"  # not to be settled before somebody has looked
    REJECT = "reject"  # no CDR at all, or one that breaks a MUST


class Verdict(StrEnum):
    MATCH = "match"
    MATCH_WITH_WARNING = "match_with_warning"
    MISMATCH = "mismatch"
    NOT_VERIFIABLE = "not_verifiable"
    REJECT = "reject"


class Amount(NamedTuple):
    """Money without and with VAT (or taxes); None where the tariff does not let it be known."""

    excl_vat: Decimal | None
    incl_vat: Decimal | None


class Finding(NamedTuple):
    id: str
    severity: Severity
    path: str  # JSON pointer into the CDR; for tariffs given beside it, into {"tariffs": those}
    message: str
    expected: Any = None
    actual: Any = None


class Line(NamedTuple):
    """One dimension of one period: what priced it, and how much came of it.

    `element` and `component` are places in the tariff's lists. Quantities are in kWh or hours, 1 for FLAT; the billed
    one holds what step_size adds.
    """

    dimension: str
    tariff_id: str
    element: int
    component: int
    price: Decimal
    vat: Decimal | None
    step_size: int
    quantity: Decimal
    billed_quantity: Decimal
    amount: Amount
    cost_field: str

    @property
    def vat_amount(self) -> Decimal | None:
        excl, incl = self.amount
        return None if excl is None or incl is None else incl - excl


class PricedPeriod(NamedTuple):
    """`place` is that in the CDR's list; periods stand in order of time."""

    place: int
    start: datetime
    end: datetime | None
    tariff_id: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """`totals` by the CDR's cost fields, unrounded; empty where no price could be computed.

    `alternative` is the total where a restriction cannot be decided and is taken as not holding; `interpolated` the one
    where a period that spans a change of price is split in proportion. Both are for people, never for a verdict.
    """

    verdict: Verdict
    totals: Mapping[str, Amount] = field(default_factory=dict)
    claimed: Mapping[str, Amount] = field(default_factory=dict)
    differences: Mapping[str, Amount] = field(default_factory=dict)  # claimed - computed
    findings: tuple[Finding, ...] = ()
    periods: tuple[PricedPeriod, ...] = ()
    tariffs_used: tuple[str, ...] = ()
    time_zone: str | None = None
    interpolated: Amount | None = None
    alternative: Amount | None = None
    policy: str = "default"
    engine_version: str = ENGINE_VERSION
