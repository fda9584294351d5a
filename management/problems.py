"""Errors of the management API: one JSON shape that says what is wrong and what to do. The only place that makes it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path
from django.views.defaults import page_not_found, server_error
from psycopg2.errors import UniqueViolation
from rest_framework import exceptions, serializers, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from management.query import check_flags, check_parameters, get_filterset, get_page_names, name_filters

logger = logging.getLogger(__name__)

API = "/api/"
READING = ("GET", "HEAD", "OPTIONS")
WHAT_TO_DO = {
    401: "Create a staff token in the admin or with manage.py create_staff_token, and send it as a Bearer.",
    403: "Use a staff token that has this scope; scopes are chosen when the token is created.",
    404: "Check the id in the URL: the list above it shows what there is.",
    405: "See /api/docs/ for the methods of this URL.",
    406: "Ask for application/json (partners' lists: text/csv, too).",
    409: "Look at it once more, and at what can be done with it as it is now: /api/docs/.",
    415: "Send application/json (text/csv for the import of agreements).",
}


class Conflict(exceptions.APIException):
    """The request is well formed, but the thing is not in a state that allows it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"

    def __init__(self, detail: str, *, what_to_do: str = "") -> None:
        super().__init__(detail)
        self.what_to_do = what_to_do


class PartnerFailed(exceptions.APIException):
    """The partner's own platform did not do its part; nothing was changed."""

    status_code = status.HTTP_502_BAD_GATEWAY
    default_code = "partner_failed"
    what_to_do = "Check the partner's versions URL and token with them, see the call log, and try again."


class Unavailable(exceptions.APIException):
    """The hub itself could not do it just now; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    what_to_do = "Try again in a moment; if it stays so, see /readyz and the hub's own log."


class ProblemSerializer(serializers.Serializer[Any]):
    """Every error of this API."""

    detail = serializers.CharField(help_text="What is wrong.")
    what_to_do = serializers.CharField(help_text="What the caller can do about it.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="By field of the request, where fields are wrong.",
    )


def explain(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer in our shape."""
    if isinstance(exc, ModelError):
        exc = exceptions.ValidationError(serializers.as_serializer_error(exc))
    if isinstance(exc, IntegrityError) and isinstance(exc.__cause__, UniqueViolation):  # somebody else was faster
        exc = Conflict("The same was stored a moment ago.", what_to_do="Nothing was stored now: look at what there is.")
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        response.data = _explain_fields(response.data, is_reading=context["request"].method == "GET")
    else:
        detail = str(response.data.get("detail", exc))
        known = WHAT_TO_DO | getattr(context.get("view"), "what_to_do", {})
        what_to_do = getattr(exc, "what_to_do", "") or known.get(response.status_code, "See /api/docs/.")
        response.data = {"detail": detail, "what_to_do": what_to_do}
    return response


def _explain_fields(errors: Any, *, is_reading: bool) -> dict[str, Any]:
    """What is wrong with no field has its place in `detail` only."""
    told = flatten(errors)
    first = next(iter(told.items()), ("", ["the request is invalid"]))
    place = "" if first[0] in ("", "non_field_errors") else f"{first[0]}: "
    fields = {name: texts for name, texts in told.items() if name}
    return {
        "detail": f"{place}{first[1][0]}",
        "what_to_do": "Correct what is named here and send the request again"
        + (": see /api/docs/ for the filters." if is_reading else "; nothing was stored."),
        **({"fields": fields} if fields else {}),
    }


def answer_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not request.path.startswith(API):
        return page_not_found(request, exception)
    told = {"detail": "There is nothing at this URL.", "what_to_do": "See /api/docs/ for the URLs there are."}
    return JsonResponse(told, status=404)


def answer_failed(request: HttpRequest) -> HttpResponseBase:
    if not request.path.startswith(API):
        return server_error(request)
    told = {
        "detail": "The hub failed at this call.",
        "what_to_do": "Tell the hub's staff when it was: its log says more.",
    }
    return JsonResponse(told, status=500)


def flatten(errors: Any, *, path: str = "") -> dict[str, list[str]]:
    """Nested error details with dotted names: {"parties.0.role": ["…"]}."""
    if isinstance(errors, dict):
        pairs = [(str(key), value) for key, value in errors.items()]
    elif isinstance(errors, list) and any(isinstance(item, (dict, list)) for item in errors):
        pairs = [(str(place), value) for place, value in enumerate(errors)]
    else:
        texts = errors if isinstance(errors, list) else [errors]
        return {path: [str(text) for text in texts]} if texts else {}
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.update(flatten(value, path=f"{path}.{key}" if path else key))
    return found


class NamedFormats(DefaultContentNegotiation):
    def filter_renderers(self, renderers: Any, format: str) -> Any:
        try:
            return super().filter_renderers(renderers, format)
        except Http404 as e:
            known = ", ".join(renderer.format for renderer in renderers)
            raise exceptions.NotAcceptable(f"There is no format {format}; there are {known}.") from e


class Explaining(APIView):
    """Mixed into every view of this API. `what_to_do`: by status, where the advice for staff would be wrong.

    `parameters`: what a GET takes in its query beside filters, pages and formats; None: anything.
    """

    what_to_do: dict[int, str] = {}
    parameters: Collection[str] | None = ()
    content_negotiation_class = NamedFormats
    _bearer: Any = None  # the token that was shown, once it is known to be good

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "GET" and self.parameters is not None:
            filterset = get_filterset(self)
            filters = [] if filterset is None else [*name_filters(filterset)]
            check_parameters(request, known=[*self.parameters, *filters, *get_page_names(self)])
            if filterset is not None:
                check_flags(request, filterset)

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        self._bearer = request.auth

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        if self._bearer is not None and request.method not in READING:
            _note_deed(request, bearer=self._bearer, status_code=response.status_code)
        return super().finalize_response(request, response, *args, **kwargs)

    def get_exception_handler(self) -> Any:
        return explain


def _note_deed(request: Request, *, bearer: Any, status_code: int) -> None:
    """Who did it stays known: the admin's own log is of accounts, and a token need not have one."""
    kind, path = bearer._meta.verbose_name, escape_uri_path(request.path)[:200]
    logger.info("%s %s by the %s %r: %d", request.method, path, kind, bearer.name, status_code)
