"""What the page of a statement shows beside its fields: its first lines, its files, its invoices, both companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from parties.admin_pages import show_table
from parties.display import show_number
from settlement.models import Statement
from settlement.render import write_csv, write_json
from settlement.statement import Kind
from settlement.vat import CATEGORIES
from tariffs.pricing.policy import get_digits

SHOWN = 100  # lines; the files have them all
FILES = {"csv": ("text/csv; charset=utf-8", write_csv), "json": ("application/json", write_json)}
_ADDRESS = ("legal_name", "street", "postal_code", "city", "country", "vat_number", "registration_number")


def serve(statement: Statement, *, kind: str) -> HttpResponse:
    """The bytes whose sha256 is kept with a closed statement."""
    content_type, write = FILES[kind]
    name = {"Content-Disposition": f'attachment; filename="{statement.reference}.{kind}"'}
    return HttpResponse(b"".join(write(statement)), content_type=content_type, headers=name)


def show_lines(statement: Statement) -> SafeString:
    if statement.kind == Kind.FEE:
        return _show_fee_lines(statement)
    lines = statement.lines.select_related("corrects").order_by("position")[:SHOWN]
    rows = (
        (
            line.position,
            _link(_get_cdr_url(line.cdr_id), line.cdr_id_text),
            f"{line.end_at:%Y-%m-%d %H:%M}",
            f"{line.kind} of {line.corrects.reference}" if line.corrects else line.kind,
            show_number(line.energy),
            *_write(statement, line.net, line.vat, line.gross),
        )
        for line in lines
    )
    heads = ("#", "CDR", "Ended (UTC)", "Kind", "kWh", "Net", "VAT", "Gross")
    return format_html("{}{}", show_table(heads, rows), _say_rest(statement, "admin:settlement_line_changelist"))


def _show_fee_lines(statement: Statement) -> SafeString:
    rows = (
        (
            line.position,
            f"{line.provider} → {line.consumer}".upper(),
            f"{line.first_day} – {line.last_day}",
            line.get_rule_display(),
            f"{show_number(line.quantity)} {line.unit}",
            *_write(statement, line.net, line.vat, line.gross),
        )
        for line in statement.fee_lines.order_by("position")[:SHOWN]
    )
    heads = ("#", "For", "Days", "Fee", "Quantity", "Net", "VAT", "Gross")
    return format_html("{}{}", show_table(heads, rows), _say_rest(statement, "admin:settlement_feeline_changelist"))


def show_files(statement: Statement) -> SafeString:
    links = ((reverse("admin:settlement_statement_file", args=[statement.pk, kind]), kind.upper()) for kind in FILES)
    return format_html_join(" ", '<a class="text-primary-600" href="{}">{}</a>', links)


def show_invoices(statement: Statement) -> SafeString:
    return _link(_search("admin:invoicing_invoice_changelist", str(statement)), "invoices of this statement")


def show_vat_totals(statement: Statement) -> SafeString:
    totals: list[Mapping[str, Any]] = statement.vat_totals
    rows = ((say_category(one["category"]), f"{one['rate']} %", one["net"], one["vat"]) for one in totals)
    return show_table(("Category", "Rate", "Net", "VAT"), rows)


def say_category(code: str) -> str:
    """With the letters that invoices have for it (EN 16931)."""
    return f"{CATEGORIES[code]} ({code})" if code in CATEGORIES else code


def show_company(company: Mapping[str, Any] | None) -> SafeString:
    """As it was when the statement was closed."""
    if not company:
        return SafeString("–")
    return format_html_join(SafeString("<br>"), "{}", ((company[key],) for key in _ADDRESS if company.get(key)))


def _say_rest(statement: Statement, page: str) -> SafeString:
    if statement.line_count <= SHOWN:
        return SafeString("")
    return format_html("<p>{}</p>", _link(_search(page, str(statement)), f"all {statement.line_count} lines"))


def _write(statement: Statement, *amounts: Any) -> Iterator[str]:
    digits = get_digits(statement.currency)
    return (f"{amount:.{digits}f}" for amount in amounts)


def _get_cdr_url(pk: int) -> str:
    return reverse("admin:cdrs_cdr_change", args=[pk])


def _search(page: str, words: str) -> str:
    return f"{reverse(page)}?{urlencode({'q': words})}"


def _link(url: str, text: str) -> SafeString:
    return format_html('<a class="text-primary-600" href="{}">{}</a>', url, text)
