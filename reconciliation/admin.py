"""Findings in the admin: what differs, between whom, and the CDR it hangs on. To look at only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from ocpi.calls import PartyId
from parties.admin_pages import ReadOnlyAdmin
from parties.display import show_party
from parties.paging import EstimatingPaginator
from reconciliation.models import Finding

STATE_COLOURS = {"open": "danger", "disputed": "warning", "accepted": "success", "explained": "info", "closed": "info"}


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = [
        "opened_at",
        "kind",
        "show_state",
        "show_owner",
        "show_token_owner",
        "cdr_id",
        "session_id",
        "expected",
        "actual",
    ]
    list_filter = ["state", "kind", "severity"]
    search_fields = ["cdr_key"]
    search_help_text = 'CDR id, session id or a party ("NL*CPO"); several words narrow it down'
    ordering = ["-opened_at", "-id"]
    paginator = EstimatingPaginator
    fieldsets = [
        (None, {"fields": ["kind", "severity", "show_state", "message"]}),
        ("Between", {"fields": ["show_owner", "show_token_owner", "cdr_id", "session_id"]}),
        ("Difference", {"fields": ["path", "expected", "actual"]}),
        ("Dates", {"fields": ["opened_at", "closed_at"]}),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Finding], search_term: str
    ) -> tuple[QuerySet[Finding], bool]:
        for word in search_term.split():
            match = Q(cdr_key=word.lower()) | Q(session_key=word.lower())
            try:
                key = PartyId.of_text(word).key
            except ValueError:
                key = "-"
            queryset = queryset.filter(match | Q(owner=key) | Q(token_owner=key))
        return queryset, False

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, finding: Finding) -> str:
        return finding.state

    @display(description="CPO")
    def show_owner(self, finding: Finding) -> str:
        return show_party(finding.owner)

    @display(description="eMSP")
    def show_token_owner(self, finding: Finding) -> str:
        return show_party(finding.token_owner)
