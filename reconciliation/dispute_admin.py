"""Disputes in the admin: the conversation, the evidence, and what the hub can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextareaWidget

from cdrs.models import Cdr
from parties.admin_pages import ReadOnlyAdmin, ask, show_document
from parties.side_names import Side
from reconciliation.admin_links import show_links
from reconciliation.dispute_states import RULES, Action, Outcome
from reconciliation.disputes import Actor, act, extend, open_dispute
from reconciliation.finding_life import NotAllowed
from reconciliation.models import Dispute, Finding
from reconciliation.pair_admin import PairAdmin
from tariffs.admin_amounts import amount

COLOURS = {
    "open": "warning",
    "escalated": "danger",
    "accepted": "info",
    "decided": "info",
    "withdrawn": "success",
    "credited": "success",
}
DEEDS = {
    Action.MESSAGE: "write",
    Action.DECIDE: "decide",
    Action.EXTEND: "extend",
    Action.ESCALATE: "escalate",
    Action.WITHDRAW: "withdraw",
}
ENTRY = (
    '<div class="hub-entry"><p class="hub-by">{} UTC · <strong>{}</strong> · {} · {}</p>'
    '<p class="hub-words">{}</p></div>'
)
NO_CDR = "The hub holds no CDR for this finding: there is nothing to dispute. Accept or explain the finding instead."
Deed = Callable[[dict[str, Any], Actor], Dispute]


class TextForm(forms.Form):
    text = forms.CharField(max_length=4000, widget=UnfoldAdminTextareaWidget(), help_text="Both partners read it.")


class DecisionForm(TextForm):
    outcome = forms.ChoiceField(
        choices=[
            (Outcome.STANDS.value, "The bill stands: it is settled as it is"),
            (Outcome.FALLS.value, "The bill falls: the CPO owes a credit CDR"),
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    field_order = ["outcome", "text"]


class ExtensionForm(TextForm):
    due_at = forms.SplitDateTimeField(label="New deadline (UTC)", widget=UnfoldAdminSplitDateTimeWidget())
    field_order = ["due_at", "text"]


class OpeningForm(TextForm):
    side = forms.ChoiceField(
        label="On whose behalf",
        choices=[(side.value, side.label) for side in (Side.HUB, Side.EMSP, Side.CPO)],
        widget=UnfoldAdminSelectWidget(),
    )
    field_order = ["side", "text"]


@admin.register(Dispute)
class DisputeAdmin(PairAdmin):
    when_empty = "Partners open them, or staff does on the page of a finding."
    list_display = [
        "opened_at",
        "show_state",
        "outcome",
        "show_owner",
        "show_token_owner",
        "cdr_id",
        "show_amount",
        "currency",
        "opener",
        "due_at",
        "show_holding",
    ]
    list_filter = ["state", "outcome", "is_holding", "opener"]
    search_help_text = 'CDR id or a party ("NL*CPO"); several words narrow it down'
    ordering = ["-opened_at", "-id"]
    fieldsets = [
        (None, {"fields": ["show_state", "outcome", "opener", "reason", "due_at", "show_holding"]}),
        ("Conversation", {"fields": ["show_conversation"]}),
        ("Between", {"fields": ["show_owner", "show_token_owner", "cdr_id", "show_amount", "currency", "show_links"]}),
        ("Credit", {"fields": ["credit_cdr_id", "credit_problem", "replacement_cdr_id"]}),
        ("Evidence, as it was when the dispute was opened", {"fields": ["show_evidence"]}),
        ("Dates", {"fields": ["opened_at", "reminded_at", "escalated_at", "closed_at"]}),
    ]
    show_amount = amount("amount")
    actions_detail = ["write", "decide", "extend", "escalate", "withdraw"]

    @display(description="state", label=COLOURS)
    def show_state(self, dispute: Dispute) -> str:
        return dispute.state

    @display(description="the CDR", ordering="is_holding")
    def show_holding(self, dispute: Dispute) -> str:
        return "is kept out of statements" if dispute.is_holding else "may be settled"

    @display(description="look at")
    def show_links(self, dispute: Dispute) -> SafeString:
        return show_links(
            owner=dispute.owner,
            cdr_key=dispute.cdr_key,
            session_key=dispute.session_key,
            finding=dispute.finding,
        )

    @display(description="entries")
    def show_conversation(self, dispute: Dispute) -> SafeString:
        entries = (
            (f"{one.at:%Y-%m-%d %H:%M}", one.get_side_display(), one.by, one.action, one.text)
            for one in dispute.entries.all()
        )
        return format_html_join("", ENTRY, entries) or SafeString("–")

    @display(description="exhibits")
    def show_evidence(self, dispute: Dispute) -> SafeString:
        return format_html_join(
            "",
            "<details><summary>{}</summary>{}</details>",
            ((one.title, show_document(one.content)) for one in dispute.evidence.all()),
        )

    # Buttons

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Only what the hub may do with it as it is; whoever calls another by its address is told why not."""
        states = Dispute.objects.filter(pk=object_id).values_list("state", flat=True)
        allowed = {DEEDS[deed] for state in states for deed in DEEDS if state in RULES[deed].states}
        found: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [one for one in found if one.method.__name__ in allowed]

    @action(description="Write", icon="chat", permissions=["judge"])
    def write(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, Action.MESSAGE, "What you write is seen by both partners.")

    @action(description="Escalate", icon="priority_high", permissions=["judge"])
    def escalate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, Action.ESCALATE, "The hub decides it then, whatever the deadline was.")

    @action(description="Withdraw", icon="undo", permissions=["judge"])
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, Action.WITHDRAW, "Only what the hub itself has opened.")

    @action(description="Decide", icon="gavel", permissions=["judge"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def deed(said: dict[str, Any], actor: Actor) -> Dispute:
            decided, now = Outcome(said["outcome"]), timezone.now()
            return act(int(object_id), Action.DECIDE, actor=actor, text=said["text"], now=now, decided=decided)

        meaning = "The hub's last word on an escalated dispute: it cannot be taken back."
        return self._ask(request, object_id, "decide", meaning, DecisionForm(request.POST or None), deed)

    @action(description="Extend", icon="more_time", permissions=["judge"])
    def extend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def deed(said: dict[str, Any], actor: Actor) -> Dispute:
            now = timezone.now()
            return extend(int(object_id), due_at=said["due_at"], actor=actor, text=said["text"], now=now)

        meaning = "The two partners get more time before the hub decides."
        return self._ask(request, object_id, "extend", meaning, ExtensionForm(request.POST or None), deed)

    def _step(self, request: HttpRequest, object_id: str, what: Action, meaning: str) -> HttpResponse:
        def deed(said: dict[str, Any], actor: Actor) -> Dispute:
            return act(int(object_id), what, actor=actor, text=said["text"], now=timezone.now())

        return self._ask(request, object_id, what.value, meaning, TextForm(request.POST or None), deed)

    def _ask(
        self, request: HttpRequest, object_id: str, what: str, meaning: str, form: forms.Form, deed: Deed
    ) -> HttpResponse:
        dispute = get_object_or_404(Dispute, pk=object_id)
        errors: list[str] = []
        if form.is_valid():
            try:
                dispute = deed(form.cleaned_data, Actor(Side.HUB, request.user.get_username()))
            except NotAllowed as e:
                errors = [str(e)]
            else:
                self.log_change(request, dispute, f"{what}: {form.cleaned_data['text'][:200]}")
                messages.success(request, f"{dispute}: {dispute.state}.")
                return HttpResponseRedirect(reverse("admin:reconciliation_dispute_change", args=[dispute.pk]))
        return ask(
            request,
            model_admin=self,
            obj=dispute,
            title=f"{dispute}: {what}",
            explanation=meaning,
            button=what.capitalize(),
            form=form,
            errors=errors,
        )


def ask_to_open(request: HttpRequest, *, model_admin: ReadOnlyAdmin, finding: Finding) -> HttpResponse:
    """The page behind a finding's button: a dispute between the two, about its CDR."""
    form = OpeningForm(request.POST or None)
    cdr = find_cdr(finding)
    errors = [] if cdr else [NO_CDR]
    if cdr is not None and form.is_valid():
        try:
            dispute = _open(cdr, finding, said=form.cleaned_data, by=request.user.get_username())
        except NotAllowed as e:
            errors = [str(e)]
        else:
            model_admin.log_change(request, finding, f"opened {dispute}")
            messages.success(request, f"{dispute} is open.")
            return HttpResponseRedirect(reverse("admin:reconciliation_dispute_change", args=[dispute.pk]))
    return ask(
        request,
        model_admin=model_admin,
        obj=finding,
        title=f"{finding}: open a dispute",
        explanation="Both partners see it, write in it and can settle it; without an agreement the hub decides. The "
        "CDR stays out of statements until then.",
        button="Open a dispute",
        form=form,
        errors=errors,
    )


def find_cdr(finding: Finding) -> Cdr | None:
    """None: a session without one, say; there is nothing to dispute."""
    if not finding.cdr_key:
        return None
    return Cdr.objects.filter(owner=finding.owner, object_key=finding.cdr_key, audience="").first()


def _open(cdr: Cdr, finding: Finding, *, said: dict[str, Any], by: str) -> Dispute:
    actor = Actor(Side(said["side"]), by)
    return open_dispute(cdr, actor=actor, reason=said["text"], now=timezone.now(), finding=finding)
