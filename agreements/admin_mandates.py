"""Mandates in the admin: grant, end. None is rewritten or deleted: what passed must stay explicable."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display

from agreements.admin_end import end
from agreements.admin_filters import STATE_COLOURS, InForceFilter, show_state
from agreements.admin_forms import MandateForm
from agreements.models import Mandate
from ocpi.calls import PartyId
from parties.admin_pages import ReadOnlyAdmin, ask, may_change

FIELDS = ["show_agent", "show_principal", "show_modules", "show_state", "valid_from", "valid_until"]


@admin.register(Mandate)
class MandateAdmin(ReadOnlyAdmin):
    when_empty = "Needed only where one party acts for another, as a NAP that sends the locations of CPOs."
    list_display = FIELDS
    list_filter = [InForceFilter]
    search_fields = ["note"]
    search_help_text = 'A party ("NL*CPO") or words of the note'
    ordering = ["agent_country", "agent_party", "principal_country", "principal_party", "id"]
    fields = [*FIELDS, "note", "created_at", "changed_at"]
    actions_list = ["grant"]
    actions_detail = ["end_now"]

    @display(description="agent", ordering="agent_country")
    def show_agent(self, mandate: Mandate) -> str:
        return str(mandate.agent)

    @display(description="acts for", ordering="principal_country")
    def show_principal(self, mandate: Mandate) -> str:
        return str(mandate.principal)

    @display(description="modules")
    def show_modules(self, mandate: Mandate) -> str:
        return ", ".join(mandate.modules)

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, mandate: Mandate) -> str:
        return show_state(mandate, now=timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Mandate], search_term: str
    ) -> tuple[QuerySet[Mandate], bool]:
        try:
            party = PartyId.of_text(search_term)
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        agents = Q(agent_country__iexact=party.country_code, agent_party__iexact=party.party_id)
        principals = Q(principal_country__iexact=party.country_code, principal_party__iexact=party.party_id)
        return queryset.filter(agents | principals | Q(note__icontains=search_term)), False

    # Buttons

    def has_grant_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("agreements.add_mandate"))

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @action(description="New mandate", icon="add", permissions=["grant"])
    def grant(self, request: HttpRequest) -> HttpResponse:
        form = MandateForm(request.POST or None)
        errors = []
        if form.is_valid():
            try:
                mandate = Mandate.grant(**form.cleaned_data, now=timezone.now())
            except ValueError as e:
                errors = [str(e)]
            else:
                self.log_addition(request, mandate, "granted")
                messages.success(request, f"{mandate}: granted.")
                return HttpResponseRedirect(reverse("admin:agreements_mandate_change", args=[mandate.pk]))
        return ask(
            request,
            model_admin=self,
            title="New mandate",
            explanation="From its first moment on the agent may do in these modules what only the principal could. "
            "It replaces no agreement: who sends and who receives need one with each other as ever.",
            button="Grant it",
            form=form,
            errors=errors,
        )

    @action(description="End now", icon="event_busy", permissions=["end"])
    def end_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        mandate = get_object_or_404(Mandate, pk=object_id)
        if request.method == "POST":
            return end(self, request, mandate)
        return ask(
            request,
            model_admin=self,
            obj=mandate,
            title=f"End the mandate of {mandate}",
            explanation="From now on it allows nothing. It cannot be taken back; a new mandate starts anew.",
            button="End it now",
        )
