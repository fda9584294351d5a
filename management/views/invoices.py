"""Invoices over the management API: to list, to download, to cancel and to send again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.document import InvoiceError
from invoicing.export import Download, NotMade, get_download
from invoicing.issue import cancel, issue_for
from invoicing.models import Blocked, Invoice, InvoiceFile, Mailing
from management.csv_export import CsvExport
from management.pages import Pages
from management.problems import Conflict, Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.invoices import (
    BlockedSerializer,
    CancelSerializer,
    InvoiceRowSerializer,
    InvoiceSerializer,
    IssueSerializer,
    StaffInvoiceSerializer,
)
from management.views.traffic import read_party_key
from settlement.models import Statement

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404, 409)}
FILES = ("pdf", "xml", "as_csv", "as_json")  # actions
# Lists never read the bytes, nor what they were made from.
INVOICES = (
    Invoice.objects.defer("document")
    .select_related("statement", "cancels", "cancelled_by", "mailing")
    .defer("cancels__document", "cancelled_by__document")
    .prefetch_related(Prefetch("files", InvoiceFile.objects.defer("content").order_by("kind")))
    .order_by("-issued_at", "-id")
)


class InvoiceFilter(filters.FilterSet):
    party = filters.CharFilter(method="filter_party", help_text='Issuer or recipient, as "NL*CPO".')
    issuer = filters.CharFilter(method="filter_key")
    recipient = filters.CharFilter(method="filter_key")
    statement = filters.CharFilter(field_name="statement__reference", lookup_expr="iexact")
    issue_date = filters.DateFromToRangeFilter(help_text="issue_date_after, issue_date_before: both included.")
    is_standing = filters.BooleanFilter(method="filter_standing", help_text="Neither cancelled nor a cancellation.")

    class Meta:
        model = Invoice
        fields = ["number", "kind", "currency", "year"]

    def filter_party(self, invoices: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        key = read_party_key(value)
        return invoices.filter(Q(issuer=key) | Q(recipient=key))

    def filter_key(self, invoices: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        return invoices.filter(**{name: read_party_key(value)})

    def filter_standing(self, invoices: QuerySet[Invoice], name: str, value: bool) -> QuerySet[Invoice]:
        standing = Q(cancels=None, cancelled_by=None)
        return invoices.filter(standing if value else ~standing)


class ReadsInvoices(
    CsvExport, Explaining, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Invoice]
):
    """Newest first. Whose invoices these are, the subclass says in its queryset."""

    queryset = INVOICES
    serializer_class: type[InvoiceSerializer] = InvoiceSerializer
    pagination_class = Pages
    filterset_class = InvoiceFilter
    lookup_value_regex = r"\d+"
    csv_name = "invoices"

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A file comes as what it is, whatever the client says it would take (curl, browsers, `application/pdf`)."""
        return super().perform_content_negotiation(request, force=force or self.action in FILES)

    def get_serializer_class(self) -> type[InvoiceSerializer]:
        is_csv = getattr(getattr(self.request, "accepted_renderer", None), "format", "") == "csv"
        return InvoiceRowSerializer if is_csv else self.serializer_class

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY, **PROBLEMS})
    @action(detail=True, filterset_class=None)
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        """The invoice: PDF/A-3 with the EN 16931 XML inside (Factur-X)."""
        return self._hand_out("pdf")

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.STR, **PROBLEMS})
    @action(detail=True, filterset_class=None)
    def xml(self, request: Request, pk: str) -> HttpResponse:
        """The same as EN 16931 XML (CII) alone. 404 in currencies of three decimals, which EN 16931 cannot say."""
        return self._hand_out("xml")

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, **PROBLEMS})
    @action(detail=True, url_path="csv", filterset_class=None)
    def as_csv(self, request: Request, pk: str) -> HttpResponse:
        """Every line of its statement with its CDR's id, as CSV."""
        return self._hand_out("csv")

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT, **PROBLEMS})
    @action(detail=True, url_path="json", filterset_class=None)
    def as_json(self, request: Request, pk: str) -> HttpResponse:
        """Its statement and every line of it, as JSON."""
        return self._hand_out("json")

    def _hand_out(self, kind: str) -> HttpResponse:
        try:
            return answer_with(get_download(self.get_object(), kind=kind))
        except NotMade as e:
            raise NoSuchFile(str(e)) from e


class NoSuchFile(NotFound):
    what_to_do = "Take the PDF, which is the invoice, or its lines as CSV or JSON."


def answer_with(download: Download) -> HttpResponse:
    return HttpResponse(
        download.content,
        content_type=download.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{download.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


class InvoiceViewSet(ReadsInvoices):
    """Every invoice that the hub issued: its own for its fees, and those in the names of sellers."""

    serializer_class = StaffInvoiceSerializer
    read_scope, write_scope = Scope.SETTLEMENT_READ, Scope.SETTLEMENT_WRITE

    @extend_schema(request=IssueSerializer, responses={200: StaffInvoiceSerializer, **PROBLEMS})
    @action(detail=False, methods=["post"], filterset_class=None)
    def issue(self, request: Request) -> Response:
        """The invoice of a closed statement, now; if there is one that stands, that one."""
        asked = IssueSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        statement = get_object_or_404(Statement, reference__iexact=asked.validated_data["statement"])
        return self._do(lambda: issue_for(statement, now=timezone.now()))

    @extend_schema(request=CancelSerializer, responses={200: StaffInvoiceSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, pk: str) -> Response:
        """A credit note over all of it, which is the answer. Its statement can be invoiced anew then."""
        invoice = self.get_object()
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return self._do(lambda: cancel(invoice, reason=asked.validated_data["reason"], now=timezone.now()))

    @extend_schema(request=None, responses={200: StaffInvoiceSerializer, **PROBLEMS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def send(self, request: Request, pk: str) -> Response:
        """E-mail it again, or for the first time, to the address that the recipient's company has now."""
        invoice = self.get_object()
        Mailing.ask_for(invoice, now=timezone.now())
        return self._show(invoice)

    @extend_schema(responses={200: BlockedSerializer(many=True), **PROBLEMS})
    @action(detail=False, filterset_class=None)
    def blocked(self, request: Request) -> Response:
        """Closed statements that no invoice can be made of yet, and what is to be done."""
        page = self.paginate_queryset(Blocked.objects.select_related("statement").order_by("since", "id"))  # type: ignore[arg-type]
        return self.get_paginated_response(BlockedSerializer(page, many=True).data)  # type: ignore[arg-type]

    def _do(self, deed: Callable[[], Invoice]) -> Response:
        try:
            return self._show(deed())
        except InvoiceError as e:
            raise Conflict(str(e)) from e

    def _show(self, invoice: Invoice) -> Response:
        shown: Any = self.get_queryset().get(pk=invoice.pk)
        return Response(self.get_serializer(shown).data)
