"""The final tables of the month: statements with a total per currency, the hub's fees, invoices, the dispute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.figures import draw
from simulator.scenario import Scenario

_TITLES = ("statement", "of", "currency", "CDRs", "kWh", "net", "VAT", "gross", "hub fee")
_FEE_TITLES = ("fees", "currency", "net", "VAT", "gross")
_INVOICE_TITLES = ("invoice", "from", "to", "PDF", "currency", "amount")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """One row, or a total of rows. Amounts are in `currency`, the fee too."""

    pair: str
    country: str
    currency: str
    cdrs: int
    kwh: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    fee: Decimal


def build_billed(scenario: Scenario) -> list[Billed]:
    """As the hub's statements say. A pair's fee stands with its first statement in the fee's currency."""
    fees, rows = scenario.get_fees(), []
    for one in sorted(scenario.hub.list_statements(kind="cdr"), key=lambda one: str(one["reference"])):
        rows.append(
            Billed(
                pair=f"{one['seller']} to {one['buyer']}",
                country=one["country"],
                currency=one["currency"],
                cdrs=one["line_count"],
                kwh=Decimal(one["energy"]),
                net=Decimal(one["net"]),
                vat=Decimal(one["vat"]),
                gross=Decimal(one["gross"]),
                fee=fees.pop((one["seller"], one["buyer"], one["currency"]), _ZERO),
            )
        )
    return rows


def sum_by_currency(rows: Sequence[Billed]) -> list[Billed]:
    """Sums of what the rows show; nothing is rounded."""
    return [
        Billed(
            pair="total",
            country="",
            currency=currency,
            cdrs=sum(row.cdrs for row in own),
            kwh=sum((row.kwh for row in own), _ZERO),
            net=sum((row.net for row in own), _ZERO),
            vat=sum((row.vat for row in own), _ZERO),
            gross=sum((row.gross for row in own), _ZERO),
            fee=sum((row.fee for row in own), _ZERO),
        )
        for currency in sorted({row.currency for row in rows})
        for own in [[row for row in rows if row.currency == currency]]
    ]


def check_totals(scenario: Scenario, totals: Sequence[Billed]) -> None:
    """The last lines of the table are what the CPOs' own CDRs and the terms give."""
    sums, fees = scenario.reckon_sums(), scenario.reckon_fees()
    demanded = {
        currency: (
            sum((one.net for place, one in sums.items() if place.currency == currency), _ZERO),
            sum((one.gross for place, one in sums.items() if place.currency == currency), _ZERO),
            sum((one.net for one in fees if one.currency == currency), _ZERO),
        )
        for currency in sorted({place.currency for place in sums})
    }
    seen = {one.currency: (one.net, one.gross, one.fee) for one in totals}
    scenario.figures.check("totals of the month: net, gross, fees", demanded=demanded, seen=seen)


def write_month(scenario: Scenario) -> str:
    """Everything about money, as it is printed; the totals are checked on the way."""
    rows = build_billed(scenario)
    totals = sum_by_currency(rows)
    check_totals(scenario, totals)
    statements = draw([_TITLES, *(_write_billed(row) for row in [*rows, *totals])], left=3)
    fees = draw([_FEE_TITLES, *_write_fees(scenario.hub.list_statements(kind="fee"))], left=2)
    invoices = draw([_INVOICE_TITLES, *_write_invoices(scenario)], left=5)
    return "\n\n".join([statements, fees, invoices, _write_dispute(scenario)])


def _write_billed(row: Billed) -> tuple[str, ...]:
    amounts = (row.kwh, row.net, row.vat, row.gross, row.fee)
    return (row.pair, row.country, row.currency, str(row.cdrs), *(f"{amount:.2f}" for amount in amounts))


def _write_fees(statements: Iterable[dict[str, Any]]) -> list[tuple[str, ...]]:
    shown = sorted(statements, key=lambda one: (str(one["currency"]), str(one["buyer"])))
    lines = [
        (
            f"{one['seller']} to {one['buyer']}",
            str(one["currency"]),
            *(str(one[name]) for name in ("net", "vat", "gross")),
        )
        for one in shown
    ]
    for currency in sorted({line[1] for line in lines}):
        own = [line for line in lines if line[1] == currency and line[0] != "total"]
        sums = (sum((Decimal(line[column]) for line in own), _ZERO) for column in (2, 3, 4))
        lines.append(("total", currency, *(f"{amount:.2f}" for amount in sums)))
    return lines


def _write_invoices(scenario: Scenario) -> list[tuple[str, ...]]:
    """The admin's page of each has the PDF, the XML and the lines."""
    return [
        (
            str(one["number"]),
            str(one["issuer"]),
            str(one["recipient"]),
            f"{scenario.hub.public_url}/admin/invoicing/invoice/{one['id']}/change/",
            str(one["currency"]),
            str(one["signed_due"]),
        )
        for one in sorted(scenario.hub.list_invoices(), key=lambda one: (str(one["issuer"]), str(one["number"])))
    ]


def _write_dispute(scenario: Scenario) -> str:
    one = scenario.get_dispute()
    page = f"{scenario.hub.public_url}/admin/reconciliation/dispute/{one['id']}/change/"
    return (
        f"Dispute {one['id']} of {one['token_owner']} about CDR {one['cdr_id']} of {one['owner']}"
        f" ({Decimal(one['amount']):.2f} {one['currency']} excl. VAT): {one['state']} by {one['credit_cdr_id']},"
        f" billed instead by {one['replacement_cdr_id']}.\n{page}"
    )
