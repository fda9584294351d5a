"""Deliveries in the admin: how far behind each lane is, and what a receiver would not take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import display

from forwarding import admin_pulls as admin_pulls  # registers its pages, too
from forwarding import lane_state
from forwarding import resend as resending
from forwarding.lag import COUNT_LIMIT, NO_LAG, Lag, get_lags
from forwarding.lane_state import LaneState, get_lane_state
from forwarding.models import DeadLetter, Lane
from parties.admin_pages import ReadOnlyAdmin, mark, may_change, show_document
from parties.admin_search import SearchesParties
from parties.display import mask_path, show_party
from parties.paging import EstimatingPaginator
from parties.spelling import count

STATE_COLOURS = {
    LaneState.IDLE.value: "success",
    LaneState.DRAINING.value: "info",
    LaneState.DUE.value: "info",
    LaneState.RETRYING.value: "warning",
    LaneState.AWAY.value: "warning",
    LaneState.PAUSED.value: "danger",
    LaneState.NEEDS_RESYNC.value: "danger",
}


def get_lag(lane: Lane) -> Lag:
    """As the page hung it on the row: one query for all rows and columns."""
    return getattr(lane, "lag", NO_LAG)


@admin.register(Lane)
class LaneAdmin(ReadOnlyAdmin):
    when_empty = "A platform gets its lanes when it registers. Begin with a platform."
    list_display = [
        "platform",
        "sublane",
        "show_state",
        "show_behind",
        "show_age",
        "sent",
        "skipped",
        "failures",
        "retry_at",
        "show_error",
    ]
    list_filter = ["platform", "needs_resync"]
    list_select_related = ["platform"]
    list_per_page = 100
    search_fields = ["platform__name"]
    search_help_text = "Part of the name of the platform"
    ordering = ["platform__name", "sublane"]
    fieldsets = [
        (
            None,
            {
                "fields": ["platform", "sublane", "show_state", "show_behind", "show_age", "sent", "skipped"],
                "description": "A platform has several lanes, so that events of different objects do not wait for each "
                "other; those of one object are always in the same one.",
            },
        ),
        ("Trouble", {"fields": ["failures", "retry_at", "last_error", "needs_resync", "paused_at", "pause_note"]}),
        (
            "Where it stands",
            {
                "fields": ["cursor", "cursor_at", "is_held", "leased_until", "fence"],
                "description": "Every event up to the cursor is done with. A held lane looks at nothing new before it "
                "retries. A worker has the lane until the lease ends; the fence counts leases.",
            },
        ),
    ]
    readonly_preprocess_fields = {"needs_resync": mark(fault="yes")}
    actions = ["retry_now", "pause", "resume"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        _hang_lags(changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Lane | None:
        lane: Lane | None = super().get_object(request, object_id, from_field)
        _hang_lags([lane] if lane else [])
        return lane

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return may_change(self, request)

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, lane: Lane) -> str:
        return get_lane_state(lane, get_lag(lane), now=timezone.now()).value

    @display(description="events behind")
    def show_behind(self, lane: Lane) -> str:
        events = get_lag(lane).events
        return f"{COUNT_LIMIT}+" if events >= COUNT_LIMIT else str(events)

    @display(description="oldest waits")
    def show_age(self, lane: Lane) -> str:
        oldest = get_lag(lane).oldest_at
        return timesince(oldest, timezone.now()) if oldest else "–"

    @display(description="last error")
    def show_error(self, lane: Lane) -> str:
        return lane.last_error[:80]

    @admin.action(description="Retry now", permissions=["retry"])
    def retry_now(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        chosen = list(lanes)
        number = lane_state.wake(Lane.objects.filter(pk__in=[lane.pk for lane in chosen]))
        for lane in chosen:
            self.log_change(request, lane, "retried")
        messages.success(request, f"{count(number, 'lane')} will be tried within a second.")

    @admin.action(description="Pause (what is promised waits)", permissions=["retry"])
    def pause(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        chosen = list(lanes)
        who = request.user.get_username()
        number = lane_state.pause(
            Lane.objects.filter(pk__in=[lane.pk for lane in chosen]), note=f"by {who} in the admin", now=timezone.now()
        )
        for lane in chosen:
            self.log_change(request, lane, "paused")
        messages.success(request, f"{count(number, 'lane')} paused; what is under way ends within seconds.")

    @admin.action(description="Resume", permissions=["retry"])
    def resume(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        chosen = list(lanes)
        number = lane_state.resume(Lane.objects.filter(pk__in=[lane.pk for lane in chosen]))
        for lane in chosen:
            self.log_change(request, lane, "resumed")
        messages.success(request, f"{count(number, 'lane')} will go on within a second.")


def _hang_lags(lanes: Iterable[Lane]) -> None:
    lags = get_lags()
    for lane in lanes:
        lane.lag = lags.get(lane.pk, NO_LAG)  # type: ignore[attr-defined]


class StateFilter(SimpleListFilter):
    """Open ones first: they are what somebody must look at."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("resent", "resent"), ("closed", "closed"), ("all", "all")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        if self.value() == "all":
            return queryset
        if self.value() == "closed":
            return queryset.filter(closed_at__isnull=False)
        return queryset.filter(closed_at__isnull=True, resent_at__isnull=self.value() != "resent")

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        yield {**everything, "display": "open"}
        yield from others


@admin.register(DeadLetter)
class DeadLetterAdmin(SearchesParties, ReadOnlyAdmin):
    when_empty = "No partner has refused anything that was kept for it."
    list_display = ["created_at", "platform", "show_receiver", "method", "module", "show_path", "show_answer", "reason"]
    list_filter = [StateFilter, "platform", "module"]
    list_select_related = ["platform"]
    search_fields = ["path"]
    search_help_text = 'Object id (part of the path), correlation id or a party ("NL*CPO"); words narrow it down'
    party_fields, text_fields = ("receiver", "sender"), ("path__icontains", "correlation_id")
    ordering = ["-created_at", "-id"]
    paginator = EstimatingPaginator
    actions = ["resend_selected", "close_selected"]
    fieldsets = [
        (None, {"fields": ["platform", "show_receiver", "show_sender", "method", "module", "path", "query"]}),
        ("What happened", {"fields": ["reason", "http_status", "status_code", "attempts", "correlation_id", "event"]}),
        ("Dates", {"fields": ["event_at", "created_at", "resent_at", "closed_at", "note"]}),
        ("Body", {"fields": ["show_body"]}),
    ]

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return may_change(self, request)

    @display(description="receiver", ordering="receiver")
    def show_receiver(self, letter: DeadLetter) -> str:
        return show_party(letter.receiver)

    @display(description="sender")
    def show_sender(self, letter: DeadLetter) -> str:
        return show_party(letter.sender)

    @display(description="object")
    def show_path(self, letter: DeadLetter) -> str:
        return mask_path(letter.path, module=letter.module)

    @display(description="answer")
    def show_answer(self, letter: DeadLetter) -> str:
        return f"{letter.http_status or '–'} / {letter.status_code or '–'}"

    @display(description="body")
    def show_body(self, letter: DeadLetter) -> SafeString:
        return show_document(letter.body)

    @admin.action(description="Resend", permissions=["resend"])
    def resend_selected(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        """In order; with "select all" everything that the filters show."""
        chosen = list(letters.filter(closed_at__isnull=True, resent_at__isnull=True))
        done = resending.resend_these(chosen, clock=timezone.now)
        for letter in chosen:
            self.log_change(request, letter, "resent")
        for problem in done.failed:
            messages.error(request, problem)
        messages.success(request, f"Dead letters: {done}.")

    @admin.action(description="Close without sending", permissions=["resend"])
    def close_selected(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        note = f"closed by {request.user.get_username()} in the admin"
        chosen = list(letters.filter(closed_at__isnull=True))
        number = letters.filter(pk__in=[letter.pk for letter in chosen], closed_at__isnull=True).update(
            closed_at=timezone.now(), note=note
        )
        for letter in chosen:
            self.log_change(request, letter, "closed")
        messages.success(request, f"{count(number, 'dead letter')} closed.")
