"""The call log and the event log in the admin: to look at and to search. Both may be huge: nothing counts all rows, and
every search uses an index."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from management import journey_admin
from management.journey_admin import get_link
from management.journey_search import MODULES, get_spellings
from management.journey_words import explain_decision
from management.models import LogCall, LogEvent
from management.outcome import OUTCOME_IN_SQL, Outcome
from ocpi.calls import PartyId
from parties.admin_pages import ReadOnlyAdmin, show_document, show_short
from parties.display import mask_path, show_party
from parties.models import Platform
from parties.paging import EstimatingPaginator

OUTCOME_COLOURS = {"accepted": "success", "refused": "warning", "failed": "danger", "unreached": "danger"}


class ModuleFilter(SimpleListFilter):
    """A fixed list: looking for the distinct ones would read the whole log."""

    title = "module"
    parameter_name = "module"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(module, module) for module in MODULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(module=self.value()) if self.value() else queryset


class OutcomeFilter(SimpleListFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome.value, outcome.value) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.annotate(ending=OUTCOME_IN_SQL).filter(ending=self.value())


class MomentsFilter(RangeDateTimeFilter):
    """From and until, in UTC; a day without a time begins at midnight."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {"gte": self._read("from"), "lt": self._read("to")}
        return queryset.filter(**{f"{self.field_path}__{name}": moment for name, moment in bounds.items() if moment})

    def _read(self, side: str) -> datetime | None:
        day = self.used_parameters.get(f"{self.parameter_name}_{side}_0")
        time = self.used_parameters.get(f"{self.parameter_name}_{side}_1") or "00:00"
        try:
            return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
        except ValueError:
            return None  # not filled in yet


class LogAdmin(ReadOnlyAdmin):
    """Both logs: newest first along their key (at, id)."""

    ordering = ["-at", "-id"]
    paginator = EstimatingPaginator
    list_filter_submit = True
    sortable_by = ["at"]  # by anything else the whole log would be sorted
    search_fields = ["correlation_id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in search_term.split():
            match = self._get_match(word)
            try:
                key = PartyId.of_text(word).key
            except ValueError:
                key = ""
            queryset = queryset.filter(match | Q(sender=key) | Q(receiver=key) if key else match)
        return queryset, False

    def _get_match(self, word: str) -> Q:
        raise NotImplementedError

    @display(description="from")
    def show_sender(self, row: Any) -> str:
        return show_party(row.sender)

    @display(description="to")
    def show_receiver(self, row: Any) -> str:
        return show_party(row.receiver)

    @display(description="whole story")
    def show_story(self, row: Any) -> SafeString | str:
        """The call in, its relays, its deliveries, what waits and what died."""
        text = row.correlation_id or getattr(row, "request_id", "")
        if not text:
            return "–"
        return format_html('<a href="{}" class="text-primary-600">the journey of {}</a>', get_link(text), text)


@admin.register(LogCall)
class LogCallAdmin(LogAdmin):
    when_empty = "Every call in or out leaves a row, for as many days as HUB_CALL_LOG_DAYS says."
    list_display = [
        "at",
        "show_peer",
        "show_between",
        "show_call",
        "show_outcome",
        "show_answer",
        "show_duration",
    ]
    list_filter = [("at", MomentsFilter), OutcomeFilter, ModuleFilter, "leg"]
    search_help_text = (
        'Party ("NL*CPO"), object id (found as written, in small letters and in capitals), request id or correlation '
        "id, each whole; several words narrow it down"
    )
    fieldsets = [
        (None, {"fields": ["at", "leg", "show_platform", "show_sender", "show_receiver"]}),
        ("Call", {"fields": ["method", "module", "interface", "object_id", "show_size", "attempt", "repeat"]}),
        (
            "Answer",
            {"fields": ["show_outcome", "show_decision", "http_status", "status_code", "message", "duration_ms"]},
        ),
        ("Ids", {"fields": ["request_id", "correlation_id", "show_story", "show_event"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        pages = {"journeys": journey_admin.show_search, "journey": journey_admin.show_journey}
        return [
            path(f"{name}/", site.admin_view(partial(page, site=site)), name=f"management_{name}")
            for name, page in pages.items()
        ] + super().get_urls()

    def _get_match(self, word: str) -> Q:
        return Q(object_id__in=get_spellings(word)) | Q(request_id=word) | Q(correlation_id=word)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        _hang_names(changelist.result_list)
        return changelist

    @display(description="platform")
    def show_platform(self, call: LogCall) -> str:
        return getattr(call, "platform_name", None) or _find_name(call.platform)

    @display(description="platform")
    def show_peer(self, call: LogCall) -> SafeString:
        """Into the hub, or out of it."""
        return format_html("{} {}", call.leg, show_short(self.show_platform(call)))

    @display(description="from, to")
    def show_between(self, call: LogCall) -> str:
        return f"{show_party(call.sender) or '–'} → {show_party(call.receiver) or '–'}"

    @display(description="call")
    def show_call(self, call: LogCall) -> SafeString:
        path = f"{call.module}/{call.object_id}" if call.object_id else call.module
        words, ids = show_short(f"{call.method} {path}"), call.correlation_id or call.request_id
        return format_html('<a href="{}" class="text-primary-600">{}</a>', get_link(ids), words) if ids else words

    @display(description="outcome", label=OUTCOME_COLOURS)
    def show_outcome(self, call: LogCall) -> str:
        return call.outcome

    @display(description="size, bytes")
    def show_size(self, call: LogCall) -> int:
        return call.size

    @display(description="event")
    def show_event(self, call: LogCall) -> SafeString | str:
        """Old days leave the event log before the call log."""
        if call.event is None:
            return "–"
        if not LogEvent.objects.filter(pk=call.event).exists():
            return f"{call.event}, no longer in the log"
        url = reverse("admin:management_logevent_change", args=[call.event])
        return format_html('<a href="{}" class="text-primary-600">{}</a>', url, call.event)

    @display(description="what the hub did")
    def show_decision(self, call: LogCall) -> str:
        return explain_decision(call) or call.decision

    @display(description="ms")
    def show_duration(self, call: LogCall) -> str:
        return "–" if call.duration_ms is None else str(call.duration_ms)

    @display(description="HTTP / OCPI")
    def show_answer(self, call: LogCall) -> str:
        return f"{call.http_status or '–'} / {call.status_code or '–'}"


@admin.register(LogEvent)
class LogEventAdmin(LogAdmin):
    when_empty = "Everything to be told on leaves a row, for as many days as HUB_EVENT_DAYS says."
    list_display = ["id", "at", "method", "module", "show_path", "show_sender", "show_receiver", "sublane"]
    list_filter = [("at", MomentsFilter), ModuleFilter]
    search_help_text = 'Party ("NL*CPO"), object key ("locations:nlcpo:loc1") or correlation id, each whole'
    fieldsets = [
        (None, {"fields": ["id", "at", "method", "module", "path", "query", "version"]}),
        ("Between", {"fields": ["show_sender", "sender_role", "show_origin", "show_receiver"]}),
        ("Order", {"fields": ["object_key", "sublane", "supersedes"]}),
        ("Ids", {"fields": ["correlation_id", "show_story"]}),
        ("Body, as told", {"fields": ["show_body"]}),
    ]

    def _get_match(self, word: str) -> Q:
        return Q(object_key=word.lower()) | Q(correlation_id=word)

    @display(description="object")
    def show_path(self, event: LogEvent) -> str:
        """A POST has no path: there the key says it."""
        return mask_path(event.path or event.object_key, module=event.module)

    @display(description="to")
    def show_receiver(self, row: LogEvent) -> str:
        return show_party(row.receiver) or "everybody who may"

    @display(description="came from the platform")
    def show_origin(self, event: LogEvent) -> str:
        return _find_name(event.origin)

    @display(description="body")
    def show_body(self, event: LogEvent) -> SafeString:
        return show_document(event.body)


def _find_name(platform: int | None) -> str:
    if platform is None:
        return "–"
    return Platform.objects.filter(pk=platform).values_list("name", flat=True).first() or str(platform)


def _hang_names(calls: Any) -> None:
    """The platforms' names on a page's rows: one query, and no join upward from the log."""
    rows = [row for row in calls if isinstance(row, Model)]
    names = dict(Platform.objects.filter(pk__in={row.platform for row in rows}).values_list("pk", "name"))  # type: ignore[attr-defined]
    for row in rows:
        row.platform_name = names.get(row.platform)  # type: ignore[attr-defined]
