"""How a logged call ended, in one word: the same rule in Python (one row) and in SQL (many rows)."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import Case, CharField, Q, Value, When


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"  # somebody said no: the caller's or the receiver's business
    FAILED = "failed"  # an HTTP 5xx or OCPI 3xxx/4xxx
    UNREACHED = "unreached"  # the receiver did not answer at all (ROUTE-16, ROUTE-17)


def get_outcome(*, http_status: int | None, status_code: int | None) -> Outcome:
    """Both layers must agree on success (AMB-03)."""
    if status_code in (4002, 4003) or (http_status is None and status_code is None):
        return Outcome.UNREACHED
    if (http_status is None or 200 <= http_status < 300) and (status_code is None or 1000 <= status_code < 2000):
        return Outcome.ACCEPTED
    if (http_status or 0) >= 500 or (status_code or 0) >= 3000:
        return Outcome.FAILED
    return Outcome.REFUSED


OUTCOME_IN_SQL = Case(
    When(Q(status_code__in=(4002, 4003)) | Q(http_status=None, status_code=None), then=Value(Outcome.UNREACHED.value)),
    When(
        (Q(http_status=None) | Q(http_status__gte=200, http_status__lt=300))
        & (Q(status_code=None) | Q(status_code__gte=1000, status_code__lt=2000)),
        then=Value(Outcome.ACCEPTED.value),
    ),
    When(Q(http_status__gte=500) | Q(status_code__gte=3000), then=Value(Outcome.FAILED.value)),
    default=Value(Outcome.REFUSED.value),
    output_field=CharField(),
)
