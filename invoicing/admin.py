"""Invoices in the admin: to look at, download, cancel and send again. Issuers: how numbers are written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import action, display

from invoicing.document import InvoiceError
from invoicing.export import get_download, get_kinds
from invoicing.issue import cancel
from invoicing.models import Blocked, Invoice, Issuer, Mailing
from parties.admin_pages import ReadOnlyAdmin, ask, may_change
from parties.admin_search import SearchesParties
from parties.display import show_party
from parties.spelling import count
from settlement.admin import Stamped
from settlement.admin_forms import PartyField
from tariffs.pricing.policy import get_digits

MAIL_COLOURS = {"waiting": "info", "sent": "success", "failed": "danger"}


class CancelForm(forms.Form):
    reason = forms.CharField(max_length=200, help_text="Printed on the credit note.")


class IssuerForm(forms.ModelForm):
    party = PartyField()

    class Meta:
        model = Issuer
        exclude = ["changed_at"]


@admin.register(Invoice)
class InvoiceAdmin(SearchesParties, ReadOnlyAdmin):
    when_empty = "Invoices follow from closed statements; what keeps one back is under Blocked invoices."
    list_display = [
        "number",
        "kind",
        "show_issuer",
        "show_recipient",
        "show_due",
        "show_standing",
        "issue_date",
        "due_date",
        "show_mail",
        "show_files",
    ]
    list_filter = ["kind", "currency", "issue_date", "mailing__state"]
    list_select_related = ["mailing", "statement", "cancels", "cancelled_by"]
    search_fields = ["number"]
    search_help_text = 'A number, a statement or a party ("NL*CPO"); several words narrow it down'
    party_fields, text_fields = ("issuer", "recipient"), ("number__iexact", "statement__reference__iexact")
    ordering = ["-issued_at", "-id"]
    actions = ["send_again"]
    actions_detail = ["cancel_invoice"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        invoices: QuerySet[Invoice] = super().get_queryset(request)
        return invoices.defer("document")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [
            (None, {"fields": ["number", "kind", "show_issuer", "show_recipient", "statement", "show_files"]}),
            ("Amounts", {"fields": ["currency", "show_net", "show_vat", "show_total", "show_due"]}),
            ("Days", {"fields": ["issue_date", "due_date", "period_start", "period_end", "issued_at"]}),
            ("Cancellation", {"fields": ["cancels", "show_cancelled_by", "reason", "attempt"]}),
            ("E-mail", {"fields": ["show_mail", "show_mailing", "language"]}),
            ("Digests", {"fields": ["show_digests"]}),
        ]

    def get_urls(self) -> list[URLPattern]:
        serve = self.admin_site.admin_view(self.serve_file)
        own = path("<int:pk>/file/<str:kind>/", serve, name="invoicing_invoice_file")
        return [own, *super().get_urls()]

    def serve_file(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        invoice = Invoice.objects.select_related("statement").filter(pk=pk).first()
        if invoice is None or kind not in get_kinds(invoice):
            raise Http404
        download = get_download(invoice, kind=kind)
        name = {"Content-Disposition": f'attachment; filename="{download.name}"'}
        return HttpResponse(download.content, content_type=download.content_type, headers=name)

    def has_send_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_change(self, request)

    @admin.action(description="E-mail again", permissions=["send"])
    def send_again(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        chosen = list(invoices)
        for invoice in chosen:
            Mailing.ask_for(invoice, now=timezone.now())
            self.log_change(request, invoice, "asked for its e-mail")
        messages.success(request, f"{count(len(chosen), 'invoice')} will be sent within a minute.")

    @action(description="Cancel", permissions=["send"], icon="undo")
    def cancel_invoice(self, request: HttpRequest, object_id: int) -> HttpResponse:
        invoice = self.get_object(request, str(object_id))
        if invoice is None:
            raise Http404
        form = CancelForm(request.POST if request.method == "POST" else None)
        errors = []
        if form.is_valid():
            try:
                note = cancel(invoice, reason=form.cleaned_data["reason"], now=timezone.now())
            except InvoiceError as e:
                errors.append(str(e))
            else:
                self.log_change(request, invoice, f"cancelled by {note}")
                messages.success(request, f"{note} takes {invoice} back.")
                return HttpResponseRedirect(reverse("admin:invoicing_invoice_change", args=[note.pk]))
        return ask(
            request,
            model_admin=self,
            title=f"Cancel {invoice}",
            explanation="A credit note over all of it is issued. Its statement can be invoiced anew then (API: issue).",
            button="Cancel it",
            form=form,
            obj=invoice,
            errors=errors,
        )

    @display(description="from", ordering="issuer")
    def show_issuer(self, invoice: Invoice) -> str:
        return show_party(invoice.issuer)

    @display(description="to", ordering="recipient")
    def show_recipient(self, invoice: Invoice) -> str:
        return show_party(invoice.recipient)

    @display(description="net")
    def show_net(self, invoice: Invoice) -> str:
        return _show(invoice.net, invoice)

    @display(description="VAT")
    def show_vat(self, invoice: Invoice) -> str:
        return _show(invoice.vat, invoice)

    @display(description="total")
    def show_total(self, invoice: Invoice) -> str:
        return _show(invoice.total, invoice)

    @display(description="due", ordering="due")
    def show_due(self, invoice: Invoice) -> str:
        return _show(invoice.signed_due, invoice)

    @display(description="cancelled by")
    def show_cancelled_by(self, invoice: Invoice) -> str:
        return str(getattr(invoice, "cancelled_by", None) or "–")

    @display(description="cancellation")
    def show_standing(self, invoice: Invoice) -> str:
        if note := getattr(invoice, "cancelled_by", None):
            return f"cancelled by {note}"
        return f"cancels {invoice.cancels}" if invoice.cancels else ""

    @display(description="e-mail", label=MAIL_COLOURS)
    def show_mail(self, invoice: Invoice) -> str:
        mailing = getattr(invoice, "mailing", None)
        return mailing.state if mailing else "not asked for"

    @display(description="e-mail in detail")
    def show_mailing(self, invoice: Invoice) -> str:
        mailing = getattr(invoice, "mailing", None)
        if mailing is None:
            return "–"
        known = [mailing.address, count(mailing.attempts, "attempt"), mailing.last_error]
        return " · ".join(part for part in known if part)

    @display(description="files")
    def show_files(self, invoice: Invoice) -> SafeString:
        links = (
            (reverse("admin:invoicing_invoice_file", args=[invoice.pk, kind]), kind) for kind in get_kinds(invoice)
        )
        return format_html_join(" ", '<a href="{}">{}</a>', links)

    @display(description="sha256")
    def show_digests(self, invoice: Invoice) -> SafeString:
        rows = invoice.files.order_by("kind").values_list("kind", "sha256")
        return format_html_join(mark_safe("<br>"), "{} {}", rows)


def _show(amount: Any, invoice: Invoice) -> str:
    return f"{amount:.{get_digits(invoice.currency)}f} {invoice.currency}"


@admin.register(Blocked)
class BlockedAdmin(SearchesParties, ReadOnlyAdmin):
    when_empty = "No closed statement waits for its invoice."
    list_display = ["statement", "problem", "since", "tried_at"]
    list_select_related = ["statement"]
    search_fields = ["problem"]
    search_help_text = 'The reference of a statement or a party ("NL*CPO")'
    party_fields, text_fields = ("statement__seller", "statement__buyer"), ("statement__reference__iexact",)
    ordering = ["since", "id"]


@admin.register(Issuer)
class IssuerAdmin(SearchesParties, Stamped):
    when_empty = "Made with the first invoice of a party. Add one beforehand to choose how numbers are written."
    form = IssuerForm
    list_display = ["show_party", "is_active", "prefix", "pattern", "changed_at"]
    list_filter = ["is_active"]
    search_fields = ["party"]
    party_fields = ("party",)
    ordering = ["party"]

    @display(description="party", ordering="party")
    def show_party(self, issuer: Issuer) -> str:
        return show_party(issuer.party)
