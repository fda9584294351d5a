"""Lists as CSV: `?format=csv` or `Accept: text/csv`. All rows of the filtered list, sent while they are read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

CHUNK = 1000  # rows in memory at the same time
FORMULA = re.compile(r"[=+\-@\t\r]")  # a spreadsheet program would run a cell that begins so
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class CsvRenderer(BaseRenderer):
    """Chosen by the request; the rows are written by `CsvExport`, what is left for it are problems."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class CsvExport:
    """Mixed into a list view, before DRF's own classes. Columns are the list serializer's fields, in their order."""

    renderer_classes = [JSONRenderer, CsvRenderer]
    csv_name = "export"

    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request.accepted_renderer, "format", "") != "csv":
            return super().list(request, *args, **kwargs)  # type: ignore[misc, no-any-return]
        rows = self.filter_queryset(self.get_queryset())  # type: ignore[attr-defined]
        return stream_csv(self._write(rows), name=self.csv_name)

    def _write(self, rows: Any) -> Iterator[str]:
        names = list(self.get_serializer().fields)  # type: ignore[attr-defined]
        yield write_lines([names])
        remaining = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(remaining, CHUNK)):
            told = self.get_serializer(chunk, many=True).data  # type: ignore[attr-defined]
            yield write_lines([[row[name] for name in names] for row in told])


def stream_csv(pieces: Iterator[str], *, name: str) -> StreamingHttpResponse:
    """Piece by piece: the web process never holds the whole of a long list."""

    async def send() -> AsyncIterator[str]:
        while (piece := await sync_to_async(next)(pieces, None)) is not None:
            yield piece

    response = StreamingHttpResponse(send(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def write_lines(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[write_cell(value) for value in row] for row in rows])
    return text.getvalue()


def write_cell(value: Any) -> Any:
    """Text of partners that a spreadsheet would take for a formula gets a quotation mark in front."""
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value
