"""Partners in the admin: platforms with their parties and endpoints. Digests and tokens are never among the fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from ocpi.errors import OcpiError
from parties import handshake
from parties.admin_behind import PartyBehindInline
from parties.admin_forms import NewPlatformForm, PartyForm, PartyFormSet, RegisterForm, RotateForm
from parties.admin_pages import ReadOnlyAdmin, ask, mark, may_change, show_once
from parties.admin_search import FindsParty
from parties.announced import find_hub_party
from parties.limits.listing import say_breaker
from parties.models import DetectedQuirk, Endpoint, Party, Platform
from parties.quirks import SETTINGS, Quirk
from parties.spelling import count

STATUS_COLOURS = {"CONNECTED": "success", "OFFLINE": "danger", "PLANNED": "info", "SUSPENDED": "warning"}


class PartyInline(TabularInline):
    model = Party
    form = PartyForm
    formset = PartyFormSet
    fields = ["country_code", "party_id", "role", "name", "is_active"]
    extra = 0
    tab = True
    show_change_link = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Named by itself, too: the head of a column is no label."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        field.widget.attrs["aria-label"] = field.label
        return field


class NewPartyInline(PartyInline):
    """While a partner is planned: in sight, one row to begin with."""

    tab = False
    extra = 1
    show_change_link = False


class EndpointInline(TabularInline):
    """From the partner's version details: told by it, never edited by us."""

    model = Endpoint
    fields = readonly_fields = ["module", "interface", "url"]
    extra = 0
    tab = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Platform)
class PlatformAdmin(ModelAdmin):
    """Adding one plans a partner and shows its Token A once; the buttons above a platform do the rest of its life."""

    when_empty = "Add a platform: its Token A is shown then, for the partner to register with."
    form = NewPlatformForm
    list_display = ["name", "show_status", "show_parties", "version", "heard_at", "registered_at"]
    list_filter = ["state", "is_online"]
    search_fields = ["name", "parties__party_id", "parties__name"]
    search_help_text = "Part of the name of the platform, or of a party on it or its id"
    readonly_fields = [
        "state",
        "is_online",
        "show_status",
        "heard_at",
        "version",
        "versions_url",
        "registered_at",
        "changed_at",
        "created_at",
        "show_tokens",
        "show_quirks",
        "show_breaker",
    ]
    fieldsets = [
        (None, {"fields": ["name", "show_status", "heard_at", "is_online"]}),
        ("Connection", {"fields": ["version", "versions_url", "show_tokens"]}),
        ("Limits", {"fields": ["max_in_flight", "rate_limit", "show_breaker"]}),
        ("Habits", {"fields": [*SETTINGS.values(), "fills_operator", "show_quirks"]}),
        ("Dates", {"fields": ["registered_at", "changed_at", "created_at"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["name", "sends_raw_token", "max_in_flight"],
                "description": "Plan the partner and the parties you expect on it. Saving makes its Token A, which is "
                "shown once, with the versions URL to hand over.",
            },
        )
    ]
    readonly_preprocess_fields = {"is_online": mark(fault="no")}
    inlines = [PartyInline, EndpointInline]
    actions = ["update_selected"]
    # A menu: side by side they leave no room for the name of the partner they are about.
    actions_detail = [
        {
            "title": "Connection",
            "icon": "handshake",
            "items": ["issue_token_a", "register_now", "rotate_tokens", "update_connection"],
        },
        "suspend_platform",
    ]

    # Lists

    def get_queryset(self, request: HttpRequest) -> QuerySet[Platform]:
        return super().get_queryset(request).select_related("heartbeat").prefetch_related("parties")

    @display(description="status", label=STATUS_COLOURS)
    def show_status(self, platform: Platform) -> str:
        return platform.status.value if platform.pk else ""

    @display(description="parties")
    def show_parties(self, platform: Platform) -> str:
        return ", ".join(f"{party.id_pair} {party.role}" for party in platform.parties.all() if party.is_active)

    @display(description="last heard", ordering="heartbeat__heard_at")
    def heard_at(self, platform: Platform) -> str:
        heartbeat = getattr(platform, "heartbeat", None)
        return localize(heartbeat.heard_at) if heartbeat and heartbeat.heard_at else "never"

    @display(description="tokens")
    def show_tokens(self, platform: Platform) -> str:
        """Whether there are any; never which."""
        parts = [
            ("Token A handed out, not used yet", platform.token_a_digest),
            ("they have a token for us", platform.token_in_digest),
            ("we have a token for them", platform.token_out),
        ]
        return "; ".join(text for text, there in parts if there) or "none"

    @display(description="circuit breaker")
    def show_breaker(self, platform: Platform) -> str:
        return say_breaker(platform.pk, now=timezone.now())

    @display(description="found by the hub")
    def show_quirks(self, platform: Platform) -> str:
        found = platform.detected_quirks.order_by("quirk")
        return "; ".join(f"{one.get_quirk_display()} ({count(one.count, 'time')})" for one in found) or "nothing odd"

    # Adding and changing

    def get_inlines(self, request: HttpRequest, obj: Platform | None) -> list[Any]:
        if obj is None:
            return [NewPartyInline]
        return [PartyInline, *([PartyBehindInline] if find_hub_party(obj) else []), EndpointInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its objects, lanes and log stay; suspend it instead

    def save_model(self, request: HttpRequest, obj: Platform, form: ModelForm[Platform], change: bool) -> None:
        if change:
            obj.save(update_fields=[name for name in form.changed_data if name in form.fields] or ["name"])
        else:
            obj.changed_at = timezone.now()
            obj.save()

    def save_formset(self, request: HttpRequest, form: Any, formset: BaseFormSet[Any], change: bool) -> None:
        formset.save(commit=False)  # type: ignore[attr-defined]
        for made in formset.new_objects:  # type: ignore[attr-defined]
            made.changed_at = timezone.now()
            made.save()
        for changed, names in formset.changed_objects:  # type: ignore[attr-defined]
            changed.changed_at = timezone.now()
            changed.save(update_fields=[*names, "changed_at"])
        for gone in formset.deleted_objects:  # type: ignore[attr-defined]
            gone.delete()

    def response_add(self, request: HttpRequest, obj: Platform, post_url_continue: str | None = None) -> HttpResponse:
        return self._show_token_a(request, platform=obj)

    # Buttons

    def has_operate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)

    @action(description="Issue Token A", icon="key", permissions=["operate"])
    def issue_token_a(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        if request.method == "POST":
            return self._show_token_a(request, platform=platform)
        keeps = " It is registered, and its tokens stay good until it has registered anew (CRED-06)."
        return ask(
            request,
            model_admin=self,
            obj=platform,
            title=f"A fresh Token A for {platform}",
            explanation="The partner registers with it once. An earlier Token A that was not used stops working."
            + (keeps if platform.state == Platform.State.REGISTERED else ""),
            button="Issue it and show it once",
        )

    @action(description="Register now", icon="handshake", permissions=["operate"])
    def register_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        form = RegisterForm(request.POST or None, initial={"versions_url": platform.versions_url})
        errors = []
        if form.is_valid():
            try:
                handshake.register_at(platform, **form.cleaned_data, now=timezone.now())
            except OcpiError as e:
                errors = [f"It did not work: {e.message}. Nothing was changed; check URL and token with the partner."]
            else:
                return self._done(request, platform=platform, deed="registered at the partner's platform")
        return ask(
            request,
            model_admin=self,
            obj=platform,
            title=f"Register at {platform}",
            explanation="The hub calls the partner's versions endpoint with the Token A that the partner gave us, and "
            "exchanges credentials (CRED-10).",
            button="Register now",
            form=form,
            errors=errors,
        )

    @action(description="Rotate tokens", icon="autorenew", permissions=["operate"])
    def rotate_tokens(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        if platform.state != Platform.State.REGISTERED:
            messages.warning(request, f"{platform} is not registered: there are no tokens to rotate.")
            return self._back(platform)
        form = RotateForm(request.POST if request.method == "POST" else None)
        errors = []
        if form.is_valid():
            try:
                handshake.rotate(platform, **form.cleaned_data, now=timezone.now())
            except OcpiError as e:
                errors = [f"The partner did not take the new tokens: {e.message}."]
            else:
                return self._done(request, platform=platform, deed="has new tokens")
        return ask(
            request,
            model_admin=self,
            obj=platform,
            title=f"New tokens for {platform}",
            explanation="The hub sends the partner a new token and gets a new one back (CRED-23). Traffic goes on.",
            button="Rotate now",
            form=form,
            errors=errors,
        )

    @action(description="Update connection", icon="sync", permissions=["operate"])
    def update_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        if request.method == "POST":
            self._update(request, [platform])
            return self._back(platform)
        return ask(
            request,
            model_admin=self,
            obj=platform,
            title=f"Update the connection with {platform}",
            explanation="The hub reads the partner's versions and endpoints afresh, and tells it by a PUT where the "
            "hub's own are now, with a new token (VERS-10, CRED-26). Traffic goes on.",
            button="Update now",
        )

    @admin.action(description="Update connection (after our URL or version changed)", permissions=["operate"])
    def update_selected(self, request: HttpRequest, platforms: QuerySet[Platform]) -> None:
        self._update(request, platforms.order_by("name"))

    @action(description="Suspend", icon="block", permissions=["operate"])
    def suspend_platform(self, request: HttpRequest, object_id: str) -> HttpResponse:
        platform = get_object_or_404(Platform, pk=object_id)
        if request.method == "POST":
            platform.suspend(now=timezone.now())
            return self._done(request, platform=platform, deed="is suspended")
        return ask(
            request,
            model_admin=self,
            obj=platform,
            title=f"Suspend {platform}",
            explanation="Both tokens are void at once: the partner gets 401, and nothing is sent to it any more. Its "
            "objects stay. A new Token A starts again.",
            button="Suspend it",
        )

    def _update(self, request: HttpRequest, platforms: Iterable[Platform]) -> None:
        """One after the other, so that one partner's failure does not hide another's success."""
        for platform in platforms:
            try:
                handshake.rotate(platform, now=timezone.now())
            except OcpiError as e:
                messages.error(request, f"{platform}: {e.message}.")
            else:
                self.log_change(request, platform, "connection updated")
                messages.success(request, f"{platform} knows our endpoints, and we know theirs.")

    # Answers

    def _back(self, platform: Platform) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:parties_platform_change", args=[platform.pk]))

    def _done(self, request: HttpRequest, *, platform: Platform, deed: str) -> HttpResponse:
        self.log_change(request, platform, deed)
        messages.success(request, f"{platform} {deed}.")
        return self._back(platform)

    def _show_token_a(self, request: HttpRequest, *, platform: Platform) -> HttpResponse:
        token_a = platform.issue_token_a()
        self.log_change(request, platform, "Token A issued")
        return show_once(
            request,
            model_admin=self,
            title=f"Token A for {platform}",
            explanation="Hand both over to the partner by a safe way. The hub keeps a digest only: the token cannot be "
            "shown again.",
            secrets=[("Token A", token_a), ("Versions URL", handshake.get_versions_url())],
            onward=reverse("admin:parties_platform_change", args=[platform.pk]),
        )


@admin.register(Party)
class PartyAdmin(FindsParty, ModelAdmin):
    """One role of one company; staff may move it to another platform (CRED-21)."""

    when_empty = "Parties come with a platform. Begin there."
    form = PartyForm
    list_display = ["show_id", "role", "name", "platform", "is_active", "changed_at"]
    list_filter = ["role", "is_active", "country_code"]
    list_select_related = ["platform"]
    search_fields = ["party_id", "name"]
    search_help_text = 'A party ("NL*CPO"), or part of its id or name'
    fields = ["platform", "country_code", "party_id", "role", "name", "is_active", "business_details", "changed_at"]
    readonly_fields = ["changed_at"]

    @display(description="party", ordering="country_code")
    def show_id(self, party: Party) -> str:
        return str(party.id_pair)

    def save_model(self, request: HttpRequest, obj: Party, form: ModelForm[Party], change: bool) -> None:
        obj.changed_at = timezone.now()
        obj.save(update_fields=[*form.changed_data, "changed_at"] if change else None)


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    when_empty = "A platform tells them when it registers."
    list_display = ["platform", "module", "interface", "url"]
    list_filter = ["interface", "module"]
    list_select_related = ["platform"]
    search_fields = ["platform__name", "module", "url"]
    search_help_text = "Part of the name of the platform, of the module or of the URL"
    ordering = ["platform__name", "module", "interface"]


@admin.register(DetectedQuirk)
class DetectedQuirkAdmin(ReadOnlyAdmin):
    """What the hub found odd with partners. Applying one sets what makes the hub do as the partner does."""

    when_empty = "The hub has found nothing odd with any partner."
    list_display = ["platform", "quirk", "count", "example", "show_state", "first_seen_at", "last_seen_at"]
    list_filter = ["quirk", "platform"]
    list_select_related = ["platform"]
    ordering = ["platform__name", "quirk"]
    actions = ["apply_selected"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("parties.change_platform")  # that is what applying changes

    @display(
        description="setting",
        label={"applied": "success", "can be applied": "warning", "taken from everybody": "info"},
    )
    def show_state(self, found: DetectedQuirk) -> str:
        if not found.setting:
            return "taken from everybody"
        return "applied" if found.is_applied else "can be applied"

    @admin.action(description="Apply", permissions=["operate"])
    def apply_selected(self, request: HttpRequest, quirks: QuerySet[DetectedQuirk]) -> None:
        for found in quirks.select_related("platform").order_by("platform__name", "quirk"):
            if found.platform.apply_quirk(Quirk(found.quirk)):
                self.log_change(request, found.platform, f"set: {found.setting}")
                messages.success(request, f"{found.platform}: {found.get_quirk_display()} is set.")
            else:
                messages.info(request, f"{found}: the hub takes it from everybody, there is nothing to set.")
