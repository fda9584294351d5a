"""CDRs ready to be settled, and the month they are settled in: one line each in a test that changes something."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cdrs.models import Cdr
from reconciliation.holds import HOLDING_SEVERITIES
from reconciliation.models import Finding, Rating
from reconciliation.position import move
from reconciliation.reconcile import RIPE
from settlement.close import close_period
from settlement.models import Company, ExchangeRate, FeeLine, Line, Statement, Terms, VatRate
from settlement.periods import Period, PeriodKind, get_period
from tariffs.pricing import Severity
from tests.reconciliation.stored import cdr_columns

ZONE = "Europe/Amsterdam"
PROVIDER, CONSUMER = "nlcpo", "frmsp"
IN_OCTOBER = datetime(2026, 10, 12, 10, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 20, 10, tzinfo=UTC)
IN_DECEMBER = datetime(2026, 12, 5, 10, tzinfo=UTC)
NOW = datetime(2027, 1, 4, 3, tzinfo=UTC)
UNTIL_DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
HOLDS = min(severity.value for severity in HOLDING_SEVERITIES)
HOLDS_NOT = min(severity.value for severity in Severity if severity not in HOLDING_SEVERITIES)


def store_ready(key: str, **columns: Any) -> Cdr:
    """Of November, NL, 4.20 excl. and 5.08 incl. VAT; its own session; judged."""
    ready: dict[str, Any] = {
        "owner": PROVIDER,
        "token_owner": CONSUMER,
        "session_key": f"s-{key}",
        "start_at": IN_NOVEMBER,
        "end_at": IN_NOVEMBER,
        "country": "NL",
        "total_cost_incl": Decimal("5.08"),
    }
    cdr = Cdr.objects.create(**cdr_columns(key, **(ready | columns)))
    make_judged(cdr)
    return cdr


def make_judged(cdr: Cdr) -> None:
    """As the workers do, and as if they were through with everything that came before `NOW`."""
    Rating.objects.create(
        owner=cdr.owner,
        cdr_key=cdr.object_key,
        verdict="match",
        engine_version="1",
        policy="default",
        changed_at=cdr.changed_at,
        rated_at=cdr.changed_at,
    )
    move(RIPE, to=(NOW, 0))


def store_credit_of(cdr: Cdr, key: str, **columns: Any) -> Cdr:
    """All data copied, only the cost negated (CDR-06)."""
    mirror: dict[str, Any] = {
        "owner": cdr.owner,
        "token_owner": cdr.token_owner,
        "session_key": cdr.session_key,
        "end_at": cdr.end_at,
        "country": cdr.country,
        "currency": cdr.currency,
        "total_energy": cdr.total_energy,
        "total_cost": -(cdr.total_cost or Decimal(0)),
        "total_cost_incl": None if cdr.total_cost_incl is None else -cdr.total_cost_incl,
        "is_credit": True,
        "credit_reference_key": cdr.object_key,
    }
    return store_ready(key, **(mirror | columns))


def hold(cdr: Cdr, **columns: str) -> Finding:
    return Finding.objects.create(
        **{
            "kind": "cost_differs",
            "severity": HOLDS,
            "owner": cdr.owner,
            "cdr_key": cdr.object_key,
            "cdr_id": cdr.object_id,
            "opened_at": IN_NOVEMBER,
        }
        | columns
    )


def get_kinds() -> list[tuple[str, str, str]]:
    """(statement's period, CDR, kind of line)."""
    lines = Line.objects.order_by("statement__period_end", "position").select_related("statement")
    return [(f"{line.statement.first_day:%Y-%m}", line.cdr_id_text, line.kind) for line in lines]


def month_of(at: datetime = IN_NOVEMBER) -> Period:
    return get_period(PeriodKind.CALENDAR_MONTH, zone=ZONE, at=at)


def make_terms(**fields: Any) -> Terms:
    terms = Terms.by_default(provider=PROVIDER, consumer=CONSUMER, now=IN_OCTOBER)
    for name, value in fields.items():
        setattr(terms, name, value)
    return terms


def store_terms(**fields: Any) -> Terms:
    terms = make_terms(**({"valid_from": datetime(2026, 1, 1, tzinfo=UTC)} | fields))
    terms.save()
    return terms


def close_month(
    at: datetime = IN_NOVEMBER, *, provider: str = PROVIDER, consumer: str = CONSUMER, **terms: Any
) -> list[Statement]:
    return close_period(
        provider=provider,
        consumer=consumer,
        period=month_of(at),
        terms=make_terms(provider=provider, consumer=consumer, **terms),
        now=NOW,
    )


def get_references() -> list[str]:
    return [str(statement) for statement in Statement.objects.order_by("period_end", "reference")]


def store_company(party: str, **fields: Any) -> Company:
    facts: dict[str, Any] = {
        "legal_name": f"{party.upper()} B.V.",
        "street": "Main street 1",
        "postal_code": "1000",
        "city": "Town",
        "country": party[:2].upper(),
        "changed_at": IN_OCTOBER,
    }
    return Company.objects.create(party=party, **(facts | fields))


def make_domestic() -> None:
    """Both companies in the Netherlands: VAT is charged as stated."""
    store_company(PROVIDER)
    store_company(CONSUMER, country="NL")


def store_settled() -> dict[str, Any]:
    """Keys of one row of every model of settlement, by its name in the admin."""
    store_ready("settled1", owner="decpx", token_owner="itmsp")
    (statement,) = close_month(provider="decpx", consumer="itmsp", fee_per_session=Decimal("0.10"))
    terms = make_terms()
    terms.save()
    rate = ExchangeRate.objects.create(date=IN_NOVEMBER.date(), currency="USD", rate=Decimal("1.1"))
    return {
        "settlement_statement": statement.pk,
        "settlement_line": statement.lines.get().pk,
        "settlement_feeline": FeeLine.objects.get().pk,
        "settlement_closing": statement.closing_id,
        "settlement_terms": terms.pk,
        "settlement_company": store_company(PROVIDER).pk,
        "settlement_vatrate": VatRate.objects.update_or_create(
            country="MT", defaults={"rate": Decimal(18), "valid_from": IN_OCTOBER.date()}
        )[0].pk,
        "settlement_exchangerate": rate.pk,
    }
