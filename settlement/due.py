"""What is to be closed: every pair with CDRs, period by period, some days after each period's end."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Min

from alerts.models import Kind
from alerts.report import Trouble
from alerts.report import report as report_troubles
from cdrs.countries import fill_countries
from cdrs.models import LIVE, Cdr
from parties.display import show_party
from settlement.close import UnableToClose, close_period
from settlement.close_fees import close_fee_month, get_due_months
from settlement.models import Closing, Statement, Terms
from settlement.periods import Period, PeriodKind, get_period

logger = logging.getLogger(__name__)
Pair = tuple[str, str]
# How far from the day on which its first CDR came a pair's first period may begin. A clock that stands in 2000, or an
# unknown time (1970, CDR-16), begins none: that period would owe the minimum fee, and each one since. Nor does one that
# stands in 9999: no period of the pair would ever be over.
REACH = timedelta(days=62)
FEE_DELAY = timedelta(days=1)  # on top: the last time zone's day is over, and its pairs are closed

ADVICE = (
    "Enter what is missing; the next night closes it, or manage.py settle (POST /api/settlement/run/) at once. Nothing "
    "is lost: its CDRs wait. See To explain a cent and By command in docs/settlement.md."
)

# From one pair to the next through the index, however many CDRs each has.
PAIRS = """
WITH RECURSIVE pair AS (
    (SELECT owner, token_owner FROM cdrs_cdr ORDER BY owner, token_owner LIMIT 1)
    UNION ALL
    SELECT following.owner, following.token_owner FROM pair, LATERAL (
        SELECT c.owner, c.token_owner FROM cdrs_cdr c
         WHERE (c.owner, c.token_owner) > (pair.owner, pair.token_owner)
         ORDER BY c.owner, c.token_owner LIMIT 1
    ) following
)
SELECT owner, token_owner FROM pair WHERE token_owner <> '' AND owner <> token_owner
"""


@dataclass(slots=True)
class Report:
    """What a run did. One pair that cannot be closed keeps no other from it."""

    statements: list[Statement] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)  # by pair


def close_due(*, now: datetime) -> Report:
    """Every period that ended HUB_SETTLEMENT_DELAY days ago or earlier."""
    until = now - timedelta(days=settings.HUB_SETTLEMENT_DELAY)
    return _settle(None, until=until, fees_until=until - FEE_DELAY, now=now)


def settle(pairs: Iterable[Pair] | None, *, until: datetime, dry_run: bool = False, now: datetime) -> Report:
    """Every period of these pairs that ended at or before `until`. None: of all pairs, and the hub's fees as well.

    `dry_run`: the same, and then nothing of it is kept.
    """
    if not dry_run:
        return _settle(pairs, until=until, fees_until=until, now=now)
    with transaction.atomic():
        report = _settle(pairs, until=until, fees_until=until, now=now)
        transaction.set_rollback(True)
    return report


def _settle(pairs: Iterable[Pair] | None, *, until: datetime, fees_until: datetime, now: datetime) -> Report:
    fill_countries()
    report = Report()
    tried = get_pairs() if pairs is None else list(pairs)
    for provider, consumer in tried:
        with _noting_failure(report, of=show_pair(provider, consumer)):
            report.statements += close_pair(provider=provider, consumer=consumer, until=until, now=now)
    if pairs is None:
        _bill_fees(report, until=fees_until, now=now)
    _raise_alarm(report, about=None if pairs is None else {show_pair(*pair) for pair in tried}, now=now)
    return report


@contextmanager
def _noting_failure(report: Report, *, of: str) -> Iterator[None]:
    """Also where the database or the arithmetic refuses it: an energy beyond what a column holds stops no other."""
    try:
        yield
    except UnableToClose as e:
        report.failures[of] = str(e)
    except (Error, ArithmeticError) as e:
        logger.exception("%s: the period cannot be closed", of)
        what = str(e).partition("\n")[0]  # further lines may hold the row
        report.failures[of] = f"{type(e).__name__}, {what}; the worker's log says where"


def show_pair(provider: str, consumer: str) -> str:
    return f"{show_party(provider)} – {show_party(consumer)}"


def _raise_alarm(report: Report, *, about: Collection[str] | None, now: datetime) -> None:
    """Staff hears of what could not be closed; what is closed by now takes its alert back."""
    troubles = {
        name: Trouble(title=f"{name}: the period cannot be closed", detail=f"Not closed: {reason}.", advice=ADVICE)
        for name, reason in report.failures.items()
    }
    report_troubles(Kind.NOT_CLOSED, troubles, about=about, now=now)


def _bill_fees(report: Report, *, until: datetime, now: datetime) -> None:
    for payer, currency, month in get_due_months(until=until):
        with _noting_failure(report, of=f"fees of {show_party(payer)}"):
            statement = close_fee_month(payer=payer, currency=currency, month=month, now=now)
            report.statements += [] if statement is None else [statement]


def close_pair(*, provider: str, consumer: str, until: datetime, now: datetime) -> list[Statement]:
    """Its periods in turn, as far as they ended at or before `until`.

    Raises:
        UnableToClose: the first that could not be; those before it stay closed.
    """
    made: list[Statement] = []
    while (step := get_next(provider, consumer)) is not None and step[0].end <= until:
        period, terms = step
        made += close_period(provider=provider, consumer=consumer, period=period, terms=terms, now=now)
    return made


def get_pairs() -> list[Pair]:
    """Owner and token owner of CDRs, and those whose terms have a minimum fee."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS)
        found = {(owner, token_owner) for owner, token_owner in cursor.fetchall()}
    with_minimum = Terms.objects.filter(fee_minimum__gt=0).values_list("provider", "consumer")
    return sorted(found | set(with_minimum))


def get_next(provider: str, consumer: str) -> tuple[Period, Terms] | None:
    """The period after the last closed one, or the first with a CDR; under the terms in force when it begins."""
    last = Closing.objects.filter(provider=provider, consumer=consumer).order_by("-period_end").first()
    start = last.period_end if last is not None else _get_first_moment(provider, consumer)
    if start is None:
        return None
    terms = Terms.get_in_force(provider=provider, consumer=consumer, at=start)
    after = None if last is None else last.period_end
    return get_period(PeriodKind(terms.period), zone=terms.time_zone, at=start, after=after), terms


def _get_first_moment(provider: str, consumer: str) -> datetime | None:
    terms = Terms.objects.filter(provider=provider, consumer=consumer, fee_minimum__gt=0)
    firsts = (_get_first_end(provider, consumer), terms.aggregate(first=Min("valid_from"))["first"])
    return min((first for first in firsts if first is not None), default=None)


def _get_first_end(provider: str, consumer: str) -> datetime | None:
    cdrs = Cdr.objects.filter(LIVE, owner=provider, token_owner=consumer)
    came: datetime | None = cdrs.aggregate(first=Min("received_at"))["first"]
    if came is None:
        return None
    within = cdrs.filter(end_at__gte=came - REACH, end_at__lte=came + REACH)
    ended: datetime | None = within.aggregate(first=Min("end_at"))["first"]
    return ended or came
