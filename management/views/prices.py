"""What one CDR claims and what it comes to, line by line, worked out when asked."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cdrs.models import Cdr
from management.problems import Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.prices import PricedSerializer
from management.views.traffic import read_party_key
from reconciliation.rate import explain
from tariffs.pricing.report import report

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403, 404)}


class CdrPriceView(Explaining):
    """The judgement of CDR control, explained."""

    read_scope = Scope.FINDINGS_READ

    @extend_schema(responses={200: PricedSerializer, **PROBLEMS})
    def get(self, request: Request, owner: str, id: str) -> Response:
        """By the same rules as the worker, with the policy and the surroundings of now; nothing is stored."""
        cdr = get_object_or_404(Cdr, owner=read_party_key(owner), object_key=id.lower(), audience="")
        explained = explain(cdr)
        whose = {"owner": cdr.owner, "token_owner": cdr.token_owner, "cdr_id": cdr.object_id}
        around = {"max_power": explained.around.max_power, "currency": cdr.currency}
        return Response(PricedSerializer({**whose, **around, **report(explained.result)}).data)
