"""What is odd about one object but refused nothing (CDR-07, CDR-12, CDR-16, SESS-08, CP-12, TRANS-44), for staff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from charging_profiles.mixed import flag_mixed
from management.problems import Explaining, ProblemSerializer
from management.scopes import Scope
from management.serializers.flags import AskedObjectSerializer, FlaggedSerializer
from management.views.traffic import read_party_key
from parties.owned_module import OwnedModule
from parties.registry import get_modules

PROBLEMS = {code: ProblemSerializer for code in (400, 401, 403)}


class FlagsView(Explaining):
    """Nothing here was refused: it is for people to look at."""

    read_scope = Scope.FINDINGS_READ
    parameters = tuple(AskedObjectSerializer().fields)

    @extend_schema(parameters=[AskedObjectSerializer], responses={200: FlaggedSerializer(many=True), **PROBLEMS})
    def get(self, request: Request) -> Response:
        """Everything of this owner and id that is flagged, whatever its module."""
        asked = AskedObjectSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        owner = read_party_key(asked.validated_data["party"])
        found = _find_flagged(owner, asked.validated_data["object_id"])
        return Response(FlaggedSerializer(list(found), many=True).data)


def _find_flagged(owner: str, object_id: str) -> Iterator[dict[str, Any]]:
    for module in get_modules().values():
        if isinstance(module, OwnedModule):
            rows = module.model._default_manager.filter(owner=owner, object_key=object_id.lower()).exclude(flags="")
            for id, flags in rows.order_by("audience").values_list("object_id", "flags"):
                yield {"module": module.id, "owner": owner, "object_id": id, "flags": flags.split("\n")}
    mixed = flag_mixed(receiver=owner, session_id=object_id)
    if mixed is not None:
        yield {"module": "chargingprofiles", "owner": owner, "object_id": object_id, "flags": [mixed]}
