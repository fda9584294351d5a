"""What a list may be asked for: a misspelt filter, passed over, would make the whole list look like a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet
from django_filters.rest_framework import BooleanFilter, DjangoFilterBackend
from django_filters.utils import translate_validation
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings

Rows = TypeVar("Rows", bound=QuerySet[Any])
YES_OR_NO = ("true", "false", "1", "0")


def check_parameters(request: Request, *, known: Iterable[str]) -> None:
    """
    Raises:
        ValidationError: the query names what there is not.
    """
    names = list(dict.fromkeys([*known, api_settings.URL_FORMAT_OVERRIDE]))
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        raise ValidationError({name: [f"There is no such filter; there are {', '.join(names)}."] for name in unknown})


def check_flags(request: Request, filterset: Any) -> None:
    """What is neither yes nor no django-filter passes over.

    Raises:
        ValidationError
    """
    flags = [name for name, one in filterset.base_filters.items() if isinstance(one, BooleanFilter)]
    asked = {name: request.query_params.get(name, "").lower() for name in flags}
    wrong = [name for name, text in asked.items() if text and text not in YES_OR_NO]
    if wrong:
        raise ValidationError({name: ["It is neither true nor false."] for name in wrong})


def filter_rows(rows: Rows, filterset: Any, *, request: Request) -> Rows:
    """For lists that have no filter backend.

    Raises:
        ValidationError: a filter is given what it does not know.
    """
    check_flags(request, filterset)
    found = filterset(request.query_params, queryset=rows)
    if not found.is_valid():
        raise translate_validation(found.errors)
    filtered: Rows = found.qs
    return filtered


def get_filterset(view: Any) -> Any:
    """As the view's own filter backend reads it; None: there are no filters."""
    return DjangoFilterBackend().get_filterset_class(view, getattr(view, "queryset", None))


def name_filters(filterset: Any) -> Iterator[str]:
    """As they stand in a query: that of a range has two names."""
    for name, one in filterset.base_filters.items():
        suffixes = getattr(one.field_class.widget, "suffixes", None)
        yield from (f"{name}_{suffix}" for suffix in suffixes) if suffixes else (name,)


def get_page_names(view: Any) -> list[str]:
    pages = getattr(view, "pagination_class", None)
    attributes = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return [name for attribute in attributes if (name := getattr(pages, attribute, None))]
