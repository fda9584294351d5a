"""Which debts there are to set off: the closed statements of CDRs. They stay as they are."""

from __future__ import annotations

from settlement.models import Statement, StatementQuerySet
from settlement.netting import Debt, Netting, net
from settlement.statement import Kind


def get_nettings(statements: StatementQuerySet) -> list[Netting]:
    """Of the closed statements of CDRs among these."""
    of_cdrs = statements.closed().filter(kind=Kind.CDR).order_by("reference")
    return net(_debt_of(statement) for statement in of_cdrs)


def _debt_of(statement: Statement) -> Debt:
    return Debt(
        debtor=statement.buyer,
        creditor=statement.seller,
        currency=statement.due_currency,
        last_day=statement.last_day,
        amount=statement.due,
        reference=str(statement),
    )
