"""Reservations that went to a CPO, to look at."""

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from commands.models import Reservation
from parties.admin_pages import ReadOnlyAdmin
from parties.display import show_party
from parties.paging import EstimatingPaginator


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """`token`, the secret part of the hub's response_url, is not shown."""

    paginator = EstimatingPaginator
    list_display = ["reservation_key", "show_requester", "show_receiver", "asked_at", "closed_at"]
    fields = list_display
    search_fields = ["reservation_key"]
    ordering = ["-id"]

    @display(description="requester")
    def show_requester(self, reservation: Reservation) -> str:
        return show_party(reservation.requester)

    @display(description="CPO")
    def show_receiver(self, reservation: Reservation) -> str:
        return show_party(reservation.receiver)
