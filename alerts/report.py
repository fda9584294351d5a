"""What the apps above this one say is wrong: kept in a row each until they take it back, and told like all the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.judge import Sighting
from alerts.models import Kind, Report, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`detail`: what is wrong; `advice`: what to do about it."""

    title: str
    detail: str
    advice: str
    severity: Severity = Severity.WARNING


def report(kind: Kind, troubles: Mapping[str, Trouble], *, about: Collection[str] | None, now: datetime) -> None:
    """All that is wrong, by subject. Others that were looked at (`about`; None: all there are) are well."""
    known = Report.objects.filter(kind=kind)
    looked_at = known if about is None else known.filter(subject__in=about)
    looked_at.exclude(subject__in=troubles).delete()
    for subject, trouble in troubles.items():
        words = {
            "severity": trouble.severity,
            "title": trouble.title[:200],
            "detail": trouble.detail[:2000],
            "advice": trouble.advice[:2000],
        }
        Report.objects.update_or_create(
            kind=kind, subject=subject, defaults=words, create_defaults=words | {"reported_at": now}
        )


def get_reported(now: datetime) -> Iterable[Sighting]:
    for one in Report.objects.order_by("kind", "subject"):
        yield Sighting(
            kind=one.kind,
            severity=one.severity,
            title=one.title,
            detail=one.detail,
            advice=one.advice,
            subject=one.subject,
            is_lasting=True,
        )
