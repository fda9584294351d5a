"""Settlement in the admin: statements and lines to look at; terms, companies and VAT rates to enter."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from parties.admin_pages import ReadOnlyAdmin, mark, number
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.paging import EstimatingPaginator
from parties.spelling import count
from settlement import statement_page
from settlement.admin_forms import CompanyForm, TermsForm
from settlement.models import Closing, Company, ExchangeRate, FeeLine, Line, Statement, Terms, VatRate
from tariffs.pricing.policy import get_digits


class Amounts:
    """Amounts in the decimals of their currency."""

    @display(description="net", ordering="net")
    def show_net(self, row: Any) -> str:
        return _show(row.net, row)

    @display(description="VAT")
    def show_vat(self, row: Any) -> str:
        return _show(row.vat, row)

    @display(description="gross", ordering="gross")
    def show_gross(self, row: Any) -> str:
        return _show(row.gross, row)


def _show(amount: Any, row: Any) -> str:
    currency = row.statement.currency if isinstance(row, Line) else row.currency
    return f"{amount:.{get_digits(currency)}f} {currency}"


class Between:
    @display(description="CPO", ordering="provider")
    def show_provider(self, row: Any) -> str:
        return show_party(row.provider)

    @display(description="eMSP", ordering="consumer")
    def show_consumer(self, row: Any) -> str:
        return show_party(row.consumer)


@admin.register(Statement)
class StatementAdmin(SearchesParties, Amounts, ReadOnlyAdmin):
    when_empty = "Made in the night when a period and HUB_SETTLEMENT_DELAY are over."
    list_display = [
        "reference",
        "kind",
        "show_seller",
        "show_buyer",
        "show_counts",
        "show_net",
        "show_vat",
        "show_gross",
        "vat_treatment",
        "due_on",
    ]
    list_filter = ["kind", "state", "vat_treatment", "currency", "country", "last_day"]
    search_fields = ["reference"]
    search_help_text = 'A reference or a party ("NL*CPO"); several words narrow it down'
    party_fields, text_fields = ("seller", "buyer"), ("reference__iexact",)
    ordering = ["-last_day", "reference"]
    show_energy, show_rate = number("energy", "energy, kWh"), number("settlement_rate")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        period = ["period_start", "period_end", "first_day", "last_day", "time_zone", "issued_on", "due_on"]
        counts = ["line_count", "session_count", "correction_count", "show_energy", "implausible_vat_count"]
        vat = ["vat_treatment", "show_category", "vat_note", "show_vat_totals", "show_stated_vat"]
        converted = ["settlement_currency", "show_rate", "settlement_rate_on", "show_converted"]
        return [
            (None, {"fields": ["reference", "kind", "state", "show_seller", "show_buyer", "country", "currency"]}),
            ("Files", {"fields": ["show_files", "show_invoices"]}),
            ("Amounts", {"fields": ["show_net", "show_vat", "show_gross", *counts]}),
            ("Period", {"fields": period}),
            ("VAT", {"fields": vat}),
            ("Settlement currency", {"fields": converted}),
            ("Lines", {"fields": ["show_lines"]}),
            ("Companies, as they were", {"fields": ["show_seller_company", "show_buyer_company"]}),
            ("Seal", {"fields": ["closed_at", "csv_sha256", "json_sha256"]}),
        ]

    def get_urls(self) -> list[URLPattern]:
        serve = self.admin_site.admin_view(self.serve_file)
        return [path("<int:pk>/file/<str:kind>/", serve, name="settlement_statement_file"), *super().get_urls()]

    def serve_file(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in statement_page.FILES:
            raise Http404
        return statement_page.serve(get_object_or_404(Statement, pk=pk), kind=kind)

    @display(description="from", ordering="seller")
    def show_seller(self, statement: Statement) -> str:
        return show_party(statement.seller)

    @display(description="to", ordering="buyer")
    def show_buyer(self, statement: Statement) -> str:
        return show_party(statement.buyer)

    @display(description="lines", ordering="line_count")
    def show_counts(self, statement: Statement) -> str:
        corrections = statement.correction_count
        return (
            f"{statement.line_count}, {count(corrections, 'correction')}" if corrections else str(statement.line_count)
        )

    @display(description="every line")
    def show_files(self, statement: Statement) -> str:
        return statement_page.show_files(statement)

    @display(description="invoices")
    def show_invoices(self, statement: Statement) -> str:
        return statement_page.show_invoices(statement)

    @display(description="lines")
    def show_lines(self, statement: Statement) -> str:
        return statement_page.show_lines(statement)

    @display(description="from")
    def show_seller_company(self, statement: Statement) -> str:
        return statement_page.show_company(statement.seller_company)

    @display(description="to")
    def show_buyer_company(self, statement: Statement) -> str:
        return statement_page.show_company(statement.buyer_company)

    @display(description="VAT category")
    def show_category(self, statement: Statement) -> str:
        return statement_page.say_category(statement.vat_category) or "by line"

    @display(description="totals")
    def show_vat_totals(self, statement: Statement) -> str:
        return statement_page.show_vat_totals(statement)

    @display(description="stated in the CDRs")
    def show_stated_vat(self, statement: Statement) -> str:
        return _show(statement.stated_vat, statement)

    @display(description="settlement gross")
    def show_converted(self, statement: Statement) -> str | None:
        amount, currency = statement.settlement_gross, statement.settlement_currency
        return None if amount is None else f"{amount:.{get_digits(currency)}f} {currency}"


@admin.register(Line)
class LineAdmin(SearchesParties, Amounts, ReadOnlyAdmin):
    when_empty = "One for each CDR of a statement."
    list_display = [
        "statement",
        "position",
        "kind",
        "show_cdr",
        "end_at",
        "show_energy",
        "show_net",
        "show_vat",
        "show_gross",
        "show_category",
        "show_vat_rate",
    ]
    fields = (
        *("statement", "position", "kind", "corrects", "cdr", "cdr_id_text", "session_id_text", "is_credit"),
        *("start_at", "end_at", "show_energy", "show_stated_net", "show_stated_gross"),
        *("show_net", "show_vat", "show_gross", "show_category", "show_vat_rate", "is_vat_plausible"),
    )
    show_energy, show_vat_rate = number("energy", "energy, kWh"), number("vat_rate", "VAT rate")
    show_stated_net, show_stated_gross = number("stated_net"), number("stated_gross")
    list_filter = ["kind", "is_credit", "is_vat_plausible"]
    list_select_related = ["statement"]
    search_fields = ["cdr_id_text"]
    search_help_text = "CDR id, session id or the reference of a statement"
    key_fields = ("session_key",)
    text_fields = ("cdr_id_text", "statement__reference__iexact")
    raw_id_fields = ["cdr"]
    readonly_preprocess_fields = {"is_vat_plausible": mark(fault="no")}
    paginator = EstimatingPaginator
    ordering = ["-id"]

    @display(description="CDR", ordering="cdr_id_text")
    def show_cdr(self, line: Line) -> str:
        return line.cdr_id_text

    @display(description="VAT category")
    def show_category(self, line: Line) -> str:
        return statement_page.say_category(line.vat_category)


@admin.register(FeeLine)
class FeeLineAdmin(SearchesParties, Amounts, Between, ReadOnlyAdmin):
    when_empty = "Made as a period is closed for a pair whose terms name a fee."
    list_display = [
        "show_payer",
        "statement",
        "show_provider",
        "show_consumer",
        "first_day",
        "last_day",
        "rule",
        "show_quantity",
        "show_unit_price",
        "show_net",
    ]
    fields = (
        *("show_payer", "statement", "position", "closing", "show_provider", "show_consumer", "first_day", "last_day"),
        *("rule", "show_quantity", "unit", "show_unit_price", "base_currency", "show_rate", "exchange_rate_on"),
        *("show_net", "show_vat", "show_gross"),
    )
    show_quantity, show_unit_price = number("quantity"), number("unit_price")
    show_rate = number("exchange_rate")
    list_filter = ["rule", "currency", ("statement", admin.EmptyFieldListFilter)]
    list_select_related = ["statement"]
    search_fields = ["payer"]
    search_help_text = 'A party ("NL*CPO") or the reference of a statement; several words narrow it down'
    party_fields, text_fields = ("payer", "provider", "consumer"), ("statement__reference__iexact",)
    ordering = ["-last_day", "-id"]

    @display(description="payer", ordering="payer")
    def show_payer(self, line: FeeLine) -> str:
        return show_party(line.payer)


@admin.register(Closing)
class ClosingAdmin(SearchesParties, Between, ReadOnlyAdmin):
    when_empty = "Made in the night when a period and HUB_SETTLEMENT_DELAY are over."
    list_display = ["show_provider", "show_consumer", "show_period", "closed_at"]
    fields = ("show_provider", "show_consumer", "period_start", "period_end", "closed_at")
    search_fields = ["provider"]
    party_fields = ("provider", "consumer")
    ordering = ["-period_end", "provider", "consumer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Closing]:
        return super().get_queryset(request).prefetch_related("statements")

    @display(description="period", ordering="period_end")
    def show_period(self, closing: Closing) -> str:
        """In the days that its statements say; a period without any only knows its moments."""
        for statement in closing.statements.all():
            return f"{statement.first_day} – {statement.last_day} ({statement.time_zone})"
        return f"{closing.period_start:%Y-%m-%d %H:%M} – {closing.period_end:%Y-%m-%d %H:%M} (UTC)"


class Stamped(ModelAdmin):
    """What staff enters carries when. Nothing is deleted: statements rest on it."""

    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.changed_at = timezone.now()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Terms)
class TermsAdmin(SearchesParties, Between, Stamped):
    """New terms have a later `valid_from`; those of before stay as they are."""

    when_empty = "Without any, a pair goes by the settings HUB_SETTLEMENT_ and HUB_FEE_."
    form = TermsForm
    list_display = [
        "show_provider",
        "show_consumer",
        "valid_from",
        "valid_until",
        "period",
        "time_zone",
        "show_currency",
        "payment_days",
        "fee_payer",
    ]
    list_filter = ["period", "fee_payer"]
    search_fields = ["provider"]
    party_fields = ("provider", "consumer")
    ordering = ["provider", "consumer", "valid_from"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_fields(request, obj))
        return fields if obj is None else [f"show_{name}" if name in self.party_fields else name for name in fields]

    @display(description="paid in", ordering="settlement_currency")
    def show_currency(self, terms: Terms) -> str:
        return terms.settlement_currency or "–"

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"time_zone": settings.HUB_SETTLEMENT_TIME_ZONE, **super().get_changeform_initial_data(request)}

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Company)
class CompanyAdmin(SearchesParties, Stamped):
    when_empty = "Invoices need the address and VAT number of both sides. Add them here."
    form = CompanyForm
    list_display = ["show_party", "legal_name", "city", "country", "vat_number", "email", "language"]
    list_filter = ["country", "language"]
    search_fields = ["party"]
    search_help_text = 'A party ("NL*CPO"), a VAT number or a word of the name'
    party_fields, text_fields = ("party",), ("legal_name__icontains", "vat_number__iexact")
    ordering = ["party"]

    @display(description="party", ordering="party")
    def show_party(self, company: Company) -> str:
        return show_party(company.party)


@admin.register(VatRate)
class VatRateAdmin(ModelAdmin):
    """The standard rates. Reduced ones for electricity: change the row, and say so in your own books."""

    when_empty = "Standard rates by country. CDRs of a country without one are taken at their word."
    list_display = ["country", "show_rate", "valid_from", "valid_until"]
    show_rate = number("rate", "rate, %")
    list_filter = ["country"]
    search_fields = ["country__iexact"]
    ordering = ["country", "-valid_from"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    when_empty = "Needed where statements are paid in another currency: manage.py import_rates."
    list_display = ["date", "currency", "show_rate"]
    fields = ("date", "currency", "show_rate")
    show_rate = number("rate")
    list_filter = ["currency", "date"]
    search_fields = ["currency__iexact"]
    ordering = ["-date", "currency"]
    paginator = EstimatingPaginator
