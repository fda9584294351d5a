"""Judged CDRs in the admin; and for one CDR what it claims beside what it comes to, worked out when asked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from cdrs.models import Cdr
from parties.admin_pages import number
from parties.display import show_number, show_party
from parties.paging import EstimatingPaginator
from parties.spelling import say_value
from reconciliation.models import Rating
from reconciliation.pair_admin import PairAdmin
from reconciliation.rate import Explained, explain
from reconciliation.rate_store import PERSONAL, show
from tariffs.pricing import Amount
from tariffs.pricing.report import report

VERDICT_COLOURS = {
    "match": "success",
    "match with warning": "info",
    "mismatch": "danger",
    "not verifiable": "warning",
    "reject": "danger",
}
LEVELS = {"pass": "note", "flag": "warn", "hold": "bad", "reject": "bad"}
VERDICT_LEVELS = {"match": "good", "match_with_warning": "warn", "not_verifiable": "warn"}
FIELDS = (
    *("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost"),
    "total_reservation_cost",
)


@admin.register(Rating)
class RatingAdmin(PairAdmin):
    when_empty = "A CDR is judged some minutes after it came."
    list_display = [
        "cdr_key",
        "show_owner",
        "show_verdict",
        "show_claimed",
        "show_computed",
        "policy",
        "rated_at",
    ]
    list_filter = ["verdict"]
    party_fields = ("owner",)
    search_help_text = 'CDR id, or the CPO ("NL*CPO"); several words narrow it down'
    ordering = ["-id"]
    paginator = EstimatingPaginator
    show_claimed = number("claimed_excl_vat", "claimed excl. VAT")
    show_computed = number("computed_excl_vat", "computed excl. VAT")

    def get_urls(self) -> list[URLPattern]:
        page = path("cdr/<int:pk>/", self.admin_site.admin_view(self.show_cdr), name="reconciliation_rating_cdr")
        return [page, *super().get_urls()]

    @display(description="verdict", label=VERDICT_COLOURS)
    def show_verdict(self, rating: Rating) -> str:
        return rating.get_verdict_display()

    # The page of one CDR

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> HttpResponse:
        if request.method == "POST":
            raise PermissionDenied
        rating = get_object_or_404(Rating, pk=object_id)
        return self._show(request, get_object_or_404(Cdr, owner=rating.owner, object_key=rating.cdr_key, audience=""))

    def show_cdr(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._show(request, get_object_or_404(Cdr, pk=pk))

    def _show(self, request: HttpRequest, cdr: Cdr) -> HttpResponse:
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied  # there is nothing to be changed
        explained = explain(cdr)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"CDR {cdr.object_id}: claimed and computed",
            "cdr": cdr,
            "owner": show_party(cdr.owner),
            "token_owner": show_party(cdr.token_owner),
            "report": _write(report(explained.result)),
            "around": explained.around,
            "verdict": say_value(explained.result.verdict),
            "verdict_level": VERDICT_LEVELS.get(explained.result.verdict, "bad"),
            "costs": list(_costs(explained)),
            "findings": list(_findings(explained)),
        }
        return TemplateResponse(request, "reconciliation/price.html", context)


def _write(value: Any) -> Any:
    """A report with its numbers as people write them."""
    if isinstance(value, Decimal):
        return show_number(value)
    if isinstance(value, dict):
        return {name: _write(inner) for name, inner in value.items()}
    return [_write(inner) for inner in value] if isinstance(value, list) else value


def _costs(explained: Explained) -> Iterator[dict[str, Any]]:
    """Per cost field: claimed, computed and the difference, without and with VAT."""
    result, nothing = explained.result, Amount(None, None)
    for name in FIELDS:
        claimed, computed = result.claimed.get(name, nothing), result.totals.get(name, nothing)
        if any(amount not in (None, Decimal(0)) for amount in (*claimed, *computed)) or name == "total_cost":
            difference = result.differences.get(name, nothing)
            yield {
                "name": name,
                "claimed": [show(amount) for amount in claimed],
                "computed": [show(amount) for amount in computed],
                "difference": [show(amount) for amount in difference],
                "is_off": any(
                    finding.path == f"/{name}" and finding.id.endswith("mismatch") for finding in result.findings
                ),
            }


def _findings(explained: Explained) -> Iterator[dict[str, Any]]:
    for finding in explained.result.findings:
        is_personal = finding.path.startswith(PERSONAL)
        yield {
            "id": finding.id,
            "rule": say_value(finding.id),
            "severity": finding.severity.value,
            "level": LEVELS[finding.severity],
            "path": finding.path,
            "message": finding.message,
            "expected": "" if is_personal else show(finding.expected),
            "actual": "" if is_personal else show(finding.actual),
        }
