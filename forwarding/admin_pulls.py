"""The hub as client in the admin: what was read from partners, and a button at each platform that asks for more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanSwitchWidget

from forwarding.pull_ask import ask, get_offered_lists
from journal.models import PullRequest
from parties.admin import PlatformAdmin
from parties.admin_pages import ReadOnlyAdmin
from parties.admin_pages import ask as ask_staff
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.models import Platform
from parties.paging import EstimatingPaginator
from parties.spelling import count

STATE_COLOURS = {"WAITING": "info", "RUNNING": "warning", "DONE": "success", "FAILED": "danger"}
COUNTS = ["pages", "objects_read", "stored", "unchanged", "invalid", "foreign", "removed"]


class PullForm(forms.Form):
    lists = forms.MultipleChoiceField(label="Lists", widget=UnfoldAdminCheckboxSelectMultipleWidget())
    full = forms.BooleanField(
        required=False,
        label="The whole lists",
        help_text="Locations and tariffs that a whole list lacks are removed, tokens marked stale. Otherwise only what "
        "changed is asked for, and nothing is removed.",
        widget=UnfoldBooleanSwitchWidget(),
    )

    def __init__(self, *args: Any, offered: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["lists"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in offered]
        field.initial = offered


admin.site.unregister(Platform)


@admin.register(Platform)
class PullingPlatformAdmin(PlatformAdmin):
    """The partners' pages as `parties` makes them, and what the hub reads from them: `parties` cannot know of it."""

    fieldsets = [
        *PlatformAdmin.fieldsets,
        ("Reading their lists", {"fields": ["pull_schedule", "pull_full_hours"]}),
    ]
    actions_detail = [*PlatformAdmin.actions_detail, "pull_lists"]

    @action(description="Pull their lists", icon="download", permissions=["operate"])
    def pull_lists(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        offered = get_offered_lists(platform)
        if platform.state != Platform.State.REGISTERED or not offered:
            messages.warning(request, f"{platform} is not registered, or offers no list that the hub could read.")
            return HttpResponseRedirect(reverse("admin:parties_platform_change", args=[platform.pk]))
        form = PullForm(request.POST if request.method == "POST" else None, offered=offered)
        if form.is_valid():
            asked = ask(
                platform,
                form.cleaned_data["lists"],
                reason=PullRequest.Reason.STAFF,
                now=timezone.now(),
                is_full=form.cleaned_data["full"],
            )
            self.log_change(request, platform, f"asked for {', '.join(form.cleaned_data['lists'])}")
            messages.success(request, f"{count(len(asked), 'list')} of {platform} will be read within seconds.")
            return HttpResponseRedirect(reverse("admin:journal_pullrequest_changelist") + f"?platform={platform.pk}")
        return ask_staff(
            request,
            model_admin=self,
            obj=platform,
            title=f"Read the lists of {platform}",
            explanation="The hub asks the partner for its lists, page by page, stores what is new or changed, and "
            "tells others of it as of a push.",
            button="Read them now",
            form=form,
        )


@admin.register(PullRequest)
class PullRequestAdmin(SearchesParties, ReadOnlyAdmin):
    when_empty = "Press Pull their lists on the page of a platform, or give it a pull schedule."
    list_display = [
        "requested_at",
        "show_platform",
        "show_party",
        "show_list",
        "show_state",
        "show_read",
        "stored",
        "unchanged",
        "invalid",
        "foreign",
        "removed",
        "reason",
    ]
    list_filter = ["state", "module", "reason", "is_full", "platform"]
    search_fields = ["party"]
    search_help_text = 'A party ("NL*CPO") or a module; several words narrow it down'
    party_fields, text_fields = ("party",), ("module__iexact",)
    ordering = ["-requested_at", "-id"]
    paginator = EstimatingPaginator
    fieldsets = [
        (None, {"fields": ["show_platform", "show_party", "module", "is_full", "reason", "show_state", "last_error"]}),
        ("Progress", {"fields": ["date_from", *COUNTS, "total", "attempts"]}),
        ("Dates", {"fields": ["requested_at", "due_at", "started_at", "finished_at", "leased_until", "since"]}),
    ]

    @display(description="platform", ordering="platform")
    def show_platform(self, request: PullRequest) -> str:
        """A handful of them, so one query each is no matter."""
        return str(Platform.objects.filter(pk=request.platform).values_list("name", flat=True).first() or "–")

    @display(description="party", ordering="party")
    def show_party(self, request: PullRequest) -> str:
        return show_party(request.party)

    @display(description="list", ordering="module")
    def show_list(self, request: PullRequest) -> str:
        return f"{request.module}, whole" if request.is_full else request.module

    @display(description="read", ordering="objects_read")
    def show_read(self, request: PullRequest) -> int:
        return request.objects_read

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, request: PullRequest) -> str:
        return request.state
