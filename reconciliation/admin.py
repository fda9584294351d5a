"""Findings in the admin: what differs, between whom, the CDR it hangs on; and what people say about it."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from parties.admin_pages import ask
from parties.paging import EstimatingPaginator
from reconciliation import admin_clocks as admin_clocks  # registers its page, too
from reconciliation import admin_prices as admin_prices  # registers its page, too
from reconciliation import dispute_admin
from reconciliation.admin_links import show_links
from reconciliation.finding_life import BY_PEOPLE, NotAllowed
from reconciliation.models import Finding, State
from reconciliation.pair_admin import PairAdmin

STATE_COLOURS = {"open": "danger", "disputed": "warning", "accepted": "success", "explained": "info", "closed": "info"}

DEEDS = {"accept": "accepted", "explain": "closed", "dispute": "disputed", "open_dispute": "disputed", "reopen": "open"}


class NoteForm(forms.Form):
    note = forms.CharField(
        max_length=255,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Why: for those who look at it after you. It is kept with the finding.",
    )


@admin.register(Finding)
class FindingAdmin(PairAdmin):
    when_empty = "Every CDR is compared with its session; what differs is shown here."
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
    list_filter = ["state", ("kind", ChoicesDropdownFilter), "severity"]
    key_fields = ("cdr_key", "session_key")
    search_help_text = 'CDR id, session id or a party ("NL*CPO"); several words narrow it down'
    ordering = ["-opened_at", "-id"]
    paginator = EstimatingPaginator
    fieldsets = [
        (None, {"fields": ["kind", "show_rule", "severity", "show_state", "message", "note"]}),
        ("Between", {"fields": ["show_owner", "show_token_owner", "cdr_id", "session_id", "show_links"]}),
        ("Difference", {"fields": ["path", "expected", "actual"]}),
        ("Dates", {"fields": ["opened_at", "closed_at"]}),
        ("What people did", {"fields": ["show_history"]}),
    ]

    actions_detail = ["accept", "explain", "dispute", "open_dispute", "reopen"]

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, finding: Finding) -> str:
        return finding.state

    @display(description="rule, as settings and the API name it")
    def show_rule(self, finding: Finding) -> str:
        return finding.kind

    @display(description="look at")
    def show_links(self, finding: Finding) -> SafeString:
        return show_links(owner=finding.owner, cdr_key=finding.cdr_key, session_key=finding.session_key)

    @display(description="history")
    def show_history(self, finding: Finding) -> SafeString:
        rows = (
            (f"{one.at:%Y-%m-%d %H:%M}", one.get_side_display(), one.by, one.before, one.after, one.note)
            for one in finding.events.all()
        )
        return format_html_join("", "<p>{} UTC, {} ({}): {} → {}. {}</p>", rows) or SafeString("–")

    # Buttons

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Only what may become of it as it is; whoever calls another by its address is told why not."""
        finding = Finding.objects.filter(pk=object_id).first()
        if finding is None:
            return []
        allowed = {deed for deed, after in DEEDS.items() if after in BY_PEOPLE[finding.state]}
        if dispute_admin.find_cdr(finding) is None:
            allowed.discard("open_dispute")
        found: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [one for one in found if one.method.__name__ in allowed]

    @action(description="Accept", icon="check", permissions=["judge"])
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._judge(request, object_id, State.ACCEPTED, "It is as it should be: both sides take it as it is.")

    @action(description="Explain", icon="comment", permissions=["judge"])
    def explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The hub's own word "explained" says that the difference has gone; people's explanation closes it."""
        return self._judge(request, object_id, State.CLOSED, "The note says how it came about; nothing is left to do.")

    @action(description="Mark as disputed", icon="gavel", permissions=["judge"])
    def dispute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._judge(request, object_id, State.DISPUTED, "It is wrong, and the two sides are to settle it.")

    @action(description="Open a dispute", icon="balance", permissions=["judge"])
    def open_dispute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return dispute_admin.ask_to_open(request, model_admin=self, finding=get_object_or_404(Finding, pk=object_id))

    @action(description="Open again", icon="undo", permissions=["judge"])
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._judge(request, object_id, State.OPEN, "It waits for a judgement again.")

    def _judge(self, request: HttpRequest, object_id: str, state: State, meaning: str) -> HttpResponse:
        finding = get_object_or_404(Finding, pk=object_id)
        form = NoteForm(request.POST or None, initial={"note": finding.note})
        errors: list[str] = []
        if form.is_valid() and not (errors := _judge(finding, state, form.cleaned_data["note"], request)):
            self.log_change(request, finding, f"{state.value}: {finding.note}")
            messages.success(request, f"{finding}: {state.value}.")
            return HttpResponseRedirect(reverse("admin:reconciliation_finding_change", args=[finding.pk]))
        return ask(
            request,
            model_admin=self,
            obj=finding,
            title=f"{finding}: {state.value}",
            explanation=f"{meaning} No document is changed. A new figure opens it again.",
            button=f"Save as {state.value}",
            form=form,
            errors=errors,
        )


def _judge(finding: Finding, state: State, note: str, request: HttpRequest) -> list[str]:
    """What speaks against it; nothing if it was done."""
    try:
        finding.judge(state, note=note, now=timezone.now(), by=request.user.get_username())
    except NotAllowed as e:
        return [str(e)]
    return []
