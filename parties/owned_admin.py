"""Stored objects in the admin: to look at and to search, document and verdict included, never to change."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from parties.admin_pages import ReadOnlyAdmin, mark, show_document
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.owned import OwnedObject
from parties.paging import EstimatingPaginator


class DeletedFilter(SimpleListFilter):
    """Tombstones are kept; by default they are left out of the list."""

    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "deleted by the owner"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        yield {**everything, "display": "no"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


class FlaggedFilter(SimpleListFilter):
    """Odd but not refused: unknown values, late changes, strange bills (TRANS-44, SESS-08, CDR-07)."""

    title = "marked as odd"
    parameter_name = "flagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.exclude(flags="") if self.value() == "yes" else queryset


class OwnedObjectAdmin(SearchesParties, ReadOnlyAdmin):
    """Search: an object id, an owner ("NL*CPO"), or both with a space between. Exact, so that every search uses an
    index; ids compare without case (TRANS-40)."""

    when_empty = "Objects come from their owners: by their pushes, or when the hub pulls their lists."
    paginator = EstimatingPaginator
    list_filter: list[str | type[SimpleListFilter] | tuple[str, type[FieldListFilter]]] = [
        DeletedFilter,
        "is_verified",
        FlaggedFilter,
    ]
    search_fields = ["object_key"]
    party_fields: tuple[str, ...] = ("owner",)
    key_fields: tuple[str, ...] = ("object_key",)
    search_help_text = 'Object id, owner ("NL*CPO"), or both: "NL*CPO LOC1"'
    ordering = ["-id"]
    readonly_preprocess_fields = {"is_verified": mark(fault="no")}
    own_fields: tuple[str, ...] = ()  # what the module keeps beside the document

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [
            (None, {"fields": ["show_owner", "object_id", "show_audience", *self.own_fields]}),
            ("Document, as told", {"fields": ["show_document"]}),
            (
                "Received",
                {
                    "fields": [
                        "version",
                        "last_updated",
                        "received_at",
                        "changed_at",
                        "is_verified",
                        "flags",
                        "deleted_at",
                    ]
                },
            ),
            ("The receiver's verdict", {"fields": ["show_verdict", "verdict_message", "verdict_at"]}),
        ]

    @display(description="owner", ordering="owner")
    def show_owner(self, obj: OwnedObject) -> str:
        return show_party(obj.owner)

    @display(description="only for")
    def show_audience(self, obj: OwnedObject) -> str:
        return show_party(obj.audience)

    @display(description="verdict", label={"accepted": "success", "none yet": "info"})
    def show_verdict(self, obj: OwnedObject) -> str:
        if obj.verdict_code is None:
            return "none yet"
        return "accepted" if 1000 <= obj.verdict_code < 2000 else str(obj.verdict_code)

    @display(description="document")
    def show_document(self, obj: OwnedObject) -> SafeString:
        return show_document(obj.document)
