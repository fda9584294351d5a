"""What a list may be asked for: a misspelt filter, passed over, would make the whole list look like a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings


def check_parameters(request: Request, *, known: Iterable[str]) -> None:
    """
    Raises:
        ValidationError: the query names what there is not.
    """
    names = list(dict.fromkeys([*known, api_settings.URL_FORMAT_OVERRIDE]))
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        raise ValidationError({name: [f"There is no such filter; there are {', '.join(names)}."] for name in unknown})


def get_filter_names(view: Any) -> Iterator[str]:
    """As the view's own filter backend reads it."""
    filterset = DjangoFilterBackend().get_filterset_class(view, getattr(view, "queryset", None))
    return iter(()) if filterset is None else name_filters(filterset)


def name_filters(filterset: Any) -> Iterator[str]:
    """As they stand in a query: that of a range has two names."""
    for name, one in filterset.base_filters.items():
        suffixes = getattr(one.field_class.widget, "suffixes", None)
        yield from (f"{name}_{suffix}" for suffix in suffixes) if suffixes else (name,)


def get_page_names(view: Any) -> list[str]:
    pages = getattr(view, "pagination_class", None)
    attributes = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return [name for attribute in attributes if (name := getattr(pages, attribute, None))]
