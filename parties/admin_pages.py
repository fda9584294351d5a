"""What all our admin pages share: read-only pages, pages that ask before they act, and secrets shown once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from parties.display import lay_out, show_number


class ReadOnlyAdmin(ModelAdmin):
    """To look at: nothing can be added, changed or deleted, and every field shows as text."""

    when_empty = ""  # how rows come about, where there is none yet
    list_per_page = 50
    show_full_result_count = False
    actions: Any = None  # no "delete selected"; subclasses with actions of their own list them

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def number(name: str, description: str = "") -> Callable[[Any, Any], str | None]:
    """A field that holds a number, in a list or on a page, without the zeros that its column adds."""

    @display(description=description or name.replace("_", " "), ordering=name)
    def show(model_admin: Any, obj: Any) -> str | None:
        return show_number(getattr(obj, name)) or None

    return show


def may_change(model_admin: BaseModelAdmin[Any], request: HttpRequest) -> bool:
    """The model's own change permission, where `has_change_permission` says no because fields are read-only."""
    opts = model_admin.opts
    return bool(request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}"))


def may_see(request: HttpRequest, model: type[Model]) -> bool:
    """As the model's own page in the admin decides."""
    return admin.site.get_model_admin(model).has_view_permission(request)


def ask(
    request: HttpRequest,
    *,
    model_admin: BaseModelAdmin[Any],
    title: str,
    explanation: str,
    button: str,
    form: forms.Form | None = None,
    obj: Any = None,
    errors: Iterable[str] = (),
) -> HttpResponse:
    """The page between a button and its deed: what will happen, what is needed for it, and a POST to do it."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "explanation": explanation,
        "button": button,
        "form": form,
        "original": obj,
        "problems": list(errors),
        "is_multipart": bool(form and form.is_multipart()),
    }
    return TemplateResponse(request, "parties/ask.html", context)


def show_once(
    request: HttpRequest,
    *,
    model_admin: BaseModelAdmin[Any],
    title: str,
    explanation: str,
    secrets: Iterable[tuple[str, str]],
    onward: str,
) -> HttpResponse:
    """A secret that is kept as a digest only: in this one answer and nowhere else (no cache keeps admin pages)."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "explanation": explanation,
        "secrets": list(secrets),
        "onward": onward,
    }
    return TemplateResponse(request, "parties/show_once.html", context)


def mark(fault: str) -> Callable[[str], SafeString]:
    """For `readonly_preprocess_fields`, where one answer of a yes-or-no field is a fault: "yes" or "no"."""

    def show(answer: str) -> SafeString:
        word = answer.strip()
        return format_html('<span class="hub-badge hub-is-bad">{}</span>' if word == fault else "{}", word)

    return show


def show_document(text: str) -> SafeString:
    """JSON as it was told, laid out; numbers keep their text."""
    return format_html('<pre class="document">{}</pre>', lay_out(text) if text else "–")


def show_short(text: str) -> SafeString:
    """In a cell that must not push the others out of sight: what does not fit shows under the pointer."""
    return format_html('<span class="hub-short" title="{0}">{0}</span>', text)


def show_table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString:
    body = format_html_join("", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", _wrap(row)),) for row in rows))
    head = format_html_join("", "<th>{}</th>", _wrap(heads))
    table = '<div class="hub-scroll"><table class="hub-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    return format_html(table, head, body)


def _wrap(cells: Iterable[Any]) -> Iterator[tuple[Any]]:
    return ((cell,) for cell in cells)
