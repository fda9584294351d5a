"""Reservations that went to a CPO, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.timezone import now
from unfold.decorators import display

from commands.models import Reservation
from parties.admin_pages import ReadOnlyAdmin
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.paging import EstimatingPaginator


@admin.register(Reservation)
class ReservationAdmin(SearchesParties, ReadOnlyAdmin):
    """`token`, the secret part of the hub's response_url, is not shown."""

    paginator = EstimatingPaginator
    when_empty = "One comes with each RESERVE_NOW that a partner sends through the hub."
    list_display = ["reservation_key", "show_requester", "show_receiver", "asked_at", "expires_at", "show_state"]
    fields = [*list_display, "closed_at"]
    search_fields = ["reservation_key"]
    search_help_text = 'Reservation id or a party ("NL*CPO"); several words narrow it down'
    party_fields, key_fields = ("requester", "receiver"), ("reservation_key",)
    ordering = ["-id"]

    @display(description="requester")
    def show_requester(self, reservation: Reservation) -> str:
        return show_party(reservation.requester)

    @display(description="CPO")
    def show_receiver(self, reservation: Reservation) -> str:
        return show_party(reservation.receiver)

    @display(description="state", label={"open": "success", "expired": "info", "refused or cancelled": "warning"})
    def show_state(self, reservation: Reservation) -> str:
        return reservation.get_state(now=now())
