"""Closed statements with companies behind them, to issue invoices of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from invoicing.issue import issue_for
from invoicing.models import Blocked, Invoice, Issuer
from settlement.close_fees import close_fee_month, get_due_months
from settlement.models import Statement
from tests.settlement.settled import CONSUMER, PROVIDER, close_month, store_company, store_ready

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
DUTCH_VAT, FRENCH_VAT = "NL123456782B90", "FR40303265045"


def make_companies(*, domestic: bool = True, **buyer: Any) -> None:
    """Both Dutch, or the buyer French, as its party is: then the VAT is the buyer's to pay."""
    store_company(PROVIDER, vat_number=DUTCH_VAT, iban="NL02ABNA0123456789", bic="ABNANL2A")
    facts = (
        {"country": "NL", "email": "ap@buyer.example"}
        if domestic
        else {"vat_number": FRENCH_VAT, "email": "ap@buyer.example"}
    )
    store_company(CONSUMER, **(facts | buyer))


def make_statement(*keys: str, domestic: bool = True, terms: dict[str, Any] | None = None, **columns: Any) -> Statement:
    """Of November, closed, with a CDR for each key; companies must be there."""
    for key in keys or ("one", "two"):
        store_ready(key, **columns)
    (statement,) = close_month(**(terms or {}))
    return statement


def make_invoice(**options: Any) -> Invoice:
    make_companies(domestic=options.get("domestic", True))
    return issue_for(make_statement(**options), now=NOW)


def bill_fees() -> Statement:
    """The hub's statement of the fees that wait; one party pays them."""
    (payer, currency, month), *_ = get_due_months(until=NOW)
    statement = close_fee_month(payer=payer, currency=currency, month=month, now=NOW)
    assert statement is not None
    return statement


def store_invoiced(statement: int) -> dict[str, Any]:
    """Keys of one row of every model of invoicing, by its name in the admin; of a statement of DE*CPX to IT*MSP."""
    of = Statement.objects.get(pk=statement)
    store_company("decpx", vat_number="DE136695976")
    store_company("itmsp", vat_number="IT00743110157")
    return {
        "invoicing_invoice": issue_for(of, now=NOW).pk,
        "invoicing_issuer": Issuer.objects.create(party="decpx", prefix="RE-", changed_at=NOW).pk,
        "invoicing_blocked": Blocked.objects.create(statement=of, problem="x", since=NOW, tried_at=NOW).pk,
    }
