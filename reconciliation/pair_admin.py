"""What pages about a CPO, an eMSP and a CDR between them have in common: who they are, and how they are searched."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.decorators import display

from parties.admin_pages import ReadOnlyAdmin, may_change
from parties.admin_search import SearchesParties
from parties.display import show_party


class PairAdmin(SearchesParties, ReadOnlyAdmin):
    """To look at; what can be done about it has buttons, with the permission `judge`."""

    search_fields = ["cdr_key"]
    party_fields: tuple[str, ...] = ("owner", "token_owner")
    key_fields: tuple[str, ...] = ("cdr_key",)

    @display(description="CPO")
    def show_owner(self, obj: Any) -> str:
        return show_party(obj.owner)

    @display(description="eMSP")
    def show_token_owner(self, obj: Any) -> str:
        return show_party(obj.token_owner)

    def has_judge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may_change(self, request)
