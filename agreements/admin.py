"""Agreements in the admin: enter, import, end. None is rewritten or deleted: what passed must stay explicable."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from agreements import admin_mandates as admin_mandates  # registers its page, too
from agreements.admin_end import end
from agreements.admin_filters import STATE_COLOURS, InForceFilter, show_state
from agreements.admin_forms import AgreementForm, ImportForm
from agreements.doubts import get_doubts, get_doubts_of_all, get_others
from agreements.imports import ImportRefused, import_agreements
from agreements.models import Agreement
from ocpi.calls import PartyId
from parties.admin_pages import ReadOnlyAdmin, ask, may_change, show_document
from parties.spelling import count, say_value

COLUMNS = "provider, consumer, modules, commands, valid_from, valid_until, delivery, cdr_control"


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    when_empty = "Nothing passes between two parties without one. Enter the first, or import a CSV."
    list_display = [
        "show_provider",
        "show_consumer",
        "show_modules",
        "show_state",
        "valid_from",
        "valid_until",
        "delivery",
    ]
    list_filter = [InForceFilter, "delivery"]
    search_fields = ["note"]
    search_help_text = 'A party ("NL*CPO") or words of the note'
    ordering = ["provider_country", "provider_party", "consumer_country", "consumer_party", "id"]
    fields = [
        "show_provider",
        "show_consumer",
        "show_modules",
        "show_commands",
        "show_state",
        "valid_from",
        "valid_until",
        "delivery",
        "show_by_module",
        "show_control",
        "note",
        "created_at",
        "changed_at",
    ]
    actions_list = ["enter", "import_csv"]
    actions_detail = ["end_now"]

    @display(description="provider", ordering="provider_country")
    def show_provider(self, agreement: Agreement) -> str:
        return str(agreement.provider)

    @display(description="consumer", ordering="consumer_country")
    def show_consumer(self, agreement: Agreement) -> str:
        return str(agreement.consumer)

    @display(description="modules")
    def show_modules(self, agreement: Agreement) -> str:
        return ", ".join(agreement.modules)

    @display(description="commands")
    def show_commands(self, agreement: Agreement) -> str:
        if "commands" not in agreement.modules:
            return "–"
        return "all" if agreement.commands is None else ", ".join(agreement.commands)

    @display(description="delivery by module")
    def show_by_module(self, agreement: Agreement) -> str:
        by_module = sorted(agreement.delivery_by_module.items())
        return ", ".join(f"{module}: {say_value(delivery)}" for module, delivery in by_module) or "–"

    @display(description="CDR control")
    def show_control(self, agreement: Agreement) -> SafeString | str:
        return show_document(json.dumps(agreement.cdr_control)) if agreement.cdr_control else "as for everybody"

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, agreement: Agreement) -> str:
        return show_state(agreement, now=timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Agreement], search_term: str
    ) -> tuple[QuerySet[Agreement], bool]:
        try:
            party = PartyId.of_text(search_term)
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        provides = Q(provider_country__iexact=party.country_code, provider_party__iexact=party.party_id)
        consumes = Q(consumer_country__iexact=party.country_code, consumer_party__iexact=party.party_id)
        return queryset.filter(provides | consumes | Q(note__icontains=search_term)), False

    # Buttons

    def has_enter_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("agreements.add_agreement"))

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @action(description="New agreement", icon="add", permissions=["enter"])
    def enter(self, request: HttpRequest) -> HttpResponse:
        form = AgreementForm(request.POST or None)
        errors = []
        if form.is_valid():
            try:
                agreement = Agreement.conclude(**form.get_terms(), now=timezone.now())
            except ValueError as e:
                errors = [str(e)]
            else:
                self.log_addition(request, agreement, "entered")
                messages.success(request, f"{agreement}: entered.")
                for doubt in get_doubts(agreement, now=timezone.now()):
                    messages.warning(request, doubt)
                return HttpResponseRedirect(reverse("admin:agreements_agreement_change", args=[agreement.pk]))
        return ask(
            request,
            model_admin=self,
            title="New agreement",
            explanation="From its first moment on, the two parties' platforms exchange the modules chosen here.",
            button="Enter it",
            form=form,
            errors=errors,
        )

    @action(description="Import CSV", icon="upload_file", permissions=["enter"])
    def import_csv(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST or None, request.FILES or None)
        errors: list[str] = []
        if form.is_valid():
            try:
                imported = import_agreements(form.cleaned_data["file"], now=timezone.now())
            except ImportRefused as e:
                errors = [f"Line {line}: {text}" for line, texts in sorted(e.by_line.items()) for text in texts]
            else:
                for agreement in imported:
                    self.log_addition(request, agreement, "imported")
                messages.success(request, f"{count(len(imported), 'agreement')} entered.")
                for doubt in get_doubts_of_all(imported):
                    messages.warning(request, doubt)
                return HttpResponseRedirect(reverse("admin:agreements_agreement_changelist"))
        return ask(
            request,
            model_admin=self,
            title="Import agreements",
            explanation=f"First line: the names of the columns ({COLUMNS}). Modules and commands are separated by "
            "spaces; no commands means all. All lines are entered, or none.",
            button="Import",
            form=form,
            errors=errors,
        )

    @action(description="End now", icon="event_busy", permissions=["end"])
    def end_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        agreement = get_object_or_404(Agreement, pk=object_id)
        if request.method == "POST":
            return end(self, request, agreement)
        return ask(
            request,
            model_admin=self,
            obj=agreement,
            title=f"End {agreement}",
            explanation="From now on nothing passes under this agreement, waiting deliveries included. It cannot be "
            "taken back; a new agreement starts anew.",
            button="End it now",
            errors=get_others(agreement, now=timezone.now()),
        )
