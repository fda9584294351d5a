"""Findings and disputes as a partner sees them: what concerns somebody else in them is left out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.serializers.disputes import DisputeDetailSerializer, DisputeEntrySerializer
from management.serializers.findings import FindingDetailSerializer, FindingEventSerializer, FindingSerializer
from reconciliation.checks import CHECK_OF, Kind
from reconciliation.models import Finding

OWN_NAMES = "own_names"  # in the context: of the tokens of the caller's platform
BY = "One of your own tokens by its name; of the other side and of the hub only the side is told."


class OwnName(serializers.CharField):
    """Staff's account names are half of a login, and who works for the other side is its own business."""

    def to_representation(self, value: str) -> str:
        return value if value in self.context.get(OWN_NAMES, ()) else ""


class PartnerEntrySerializer(DisputeEntrySerializer):
    by = OwnName(read_only=True, help_text=BY)


class PartnerDisputeDetailSerializer(DisputeDetailSerializer):
    entries = PartnerEntrySerializer(many=True, read_only=True)


class PartnerFindingEventSerializer(FindingEventSerializer):
    by = OwnName(read_only=True, help_text=BY)


class _HidesOtherCdr(FindingSerializer):
    """The other CDR of a finding may be for another eMSP: its id is then for the CPO alone."""

    def to_representation(self, finding: Finding) -> dict[str, Any]:
        told = super().to_representation(finding)
        if getattr(finding, "names_strangers_cdr", True):
            told |= {"expected": "", "message": _say_without(finding)}
        return told


def _say_without(finding: Finding) -> str:
    """The same words without the other CDR's id."""
    check = CHECK_OF[Kind(finding.kind), finding.path]
    ids = {"cdr": finding.cdr_id, "session": finding.session_id, "actual": finding.actual}
    return check.words.format(**ids, expected="(of another eMSP)")


class PartnerFindingSerializer(_HidesOtherCdr):
    class Meta(FindingSerializer.Meta):
        pass


class PartnerFindingDetailSerializer(_HidesOtherCdr, FindingDetailSerializer):
    history = PartnerFindingEventSerializer(many=True, read_only=True, source="events")

    class Meta(FindingDetailSerializer.Meta):
        pass
