"""What two parties owe each other, set off: one amount per pair, period and currency. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from settlement.statement import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """`amount` may be below zero: then it is owed the other way round."""

    debtor: str
    creditor: str
    currency: str
    last_day: date  # of the period
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Netting:
    """`debtor` pays `amount`, which is never below zero, to `creditor`; that settles the statements named."""

    debtor: str
    creditor: str
    currency: str
    last_day: date
    amount: Decimal
    owed: Decimal  # by the debtor, before anything is set off
    owing: Decimal  # to the debtor
    references: tuple[str, ...]


def net(debts: Iterable[Debt]) -> list[Netting]:
    """By period, pair and currency, in that order."""
    groups: dict[tuple[date, str, str, str], list[Debt]] = defaultdict(list)
    for debt in debts:
        pair = sorted((debt.debtor, debt.creditor))
        groups[debt.last_day, pair[0], pair[1], debt.currency].append(debt)
    return [_set_off(*key, debts=group) for key, group in sorted(groups.items())]


def _set_off(last_day: date, one: str, other: str, currency: str, *, debts: list[Debt]) -> Netting:
    by_one = sum((debt.amount for debt in debts if debt.debtor == one), ZERO)
    by_other = sum((debt.amount for debt in debts if debt.debtor == other), ZERO)
    if by_one < by_other:
        one, other, by_one, by_other = other, one, by_other, by_one
    return Netting(
        debtor=one,
        creditor=other,
        currency=currency,
        last_day=last_day,
        amount=by_one - by_other,
        owed=by_one,
        owing=by_other,
        references=tuple(sorted(debt.reference for debt in debts)),
    )
