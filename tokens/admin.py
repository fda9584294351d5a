"""Stored tokens, to look at. Uids and contract ids are personal data: masked in the list."""

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from parties.display import mask
from parties.owned_admin import OwnedObjectAdmin
from tokens.models import Token


@admin.register(Token)
class TokenAdmin(OwnedObjectAdmin):
    """Whoever knows a uid or contract id finds it by the whole of it; nobody can leaf through them."""

    list_display = [
        "show_owner",
        "show_uid",
        "show_contract",
        "type",
        "valid",
        "whitelist",
        "last_updated",
        "show_verdict",
    ]
    list_filter = [*OwnedObjectAdmin.list_filter, "type", "valid", "whitelist"]
    own_fields = ("type", "contract_id", "valid", "whitelist")
    key_fields, text_fields = ("object_key", "uid_key"), ("contract_id__iexact",)
    search_help_text = 'Whole uid, whole contract id, or owner ("NL*MSP")'

    @display(description="uid")
    def show_uid(self, token: Token) -> str:
        return mask(token.object_id)

    @display(description="contract")
    def show_contract(self, token: Token) -> str:
        return mask(token.contract_id)
