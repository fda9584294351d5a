"""From a finding or a dispute to what it is about: the CDR, its price line by line, the session, the finding."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from cdrs.models import Cdr
from charging_sessions.models import Session
from reconciliation.models import Finding


def show_links(*, owner: str, cdr_key: str, session_key: str, finding: Finding | None = None) -> SafeString:
    links = _find(owner=owner, cdr_key=cdr_key, session_key=session_key, finding=finding)
    return format_html_join(" · ", '<a class="text-primary-600" href="{}">{}</a>', links) or SafeString("–")


def _find(*, owner: str, cdr_key: str, session_key: str, finding: Finding | None) -> Iterator[tuple[str, str]]:
    """What is no longer stored has no page."""
    if finding is not None:
        yield (
            reverse("admin:reconciliation_finding_change", args=[finding.pk]),
            f"finding: {finding.get_kind_display()}",
        )
    for pk in Cdr.objects.filter(owner=owner, object_key=cdr_key).values_list("pk", flat=True) if cdr_key else ():
        yield reverse("admin:cdrs_cdr_change", args=[pk]), "CDR"
        yield reverse("admin:reconciliation_rating_cdr", args=[pk]), "claimed and computed price"
    sessions = Session.objects.filter(owner=owner, object_key=session_key) if session_key else Session.objects.none()
    for pk in sessions.values_list("pk", flat=True):
        yield reverse("admin:charging_sessions_session_change", args=[pk]), "session"
