"""Lists as CSV: `?format=csv` or `Accept: text/csv`. All rows of the filtered list, sent while they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from rest_framework import mixins
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from parties.display import guard_cell

CHUNK = 1000  # rows in memory at the same time


class CsvRenderer(BaseRenderer):
    """Chosen by the request; the rows are written by `CsvExport`, what is left for it are problems."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class CsvExport(mixins.ListModelMixin):
    """In place of `ListModelMixin`. Columns are the list serializer's fields, in their order."""

    renderer_classes: Sequence[type[BaseRenderer]] = [JSONRenderer, CsvRenderer]
    csv_name = "export"

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if getattr(request, "accepted_renderer").format != "csv":  # noqa: B009  # set by DRF before this
            return super().list(request, *args, **kwargs)
        rows = self.filter_queryset(self.get_queryset())  # type: ignore[attr-defined]
        return cast(Response, stream_csv(self._write(rows), name=self.csv_name))  # any HttpResponseBase will do

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
        while (piece := await sync_to_async(read)()) is not None:
            yield piece

    def read() -> str | None:
        return next(pieces, None)

    response = StreamingHttpResponse(send(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def write_lines(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_write_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _write_cell(value: Any) -> Any:
    if isinstance(value, str):
        return guard_cell(value)
    return "" if value is None else value
