"""Findings and the state of reconciliation as the API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField
from reconciliation.kinds import get_kinds
from reconciliation.models import Finding, FindingEvent, State
from tariffs.pricing import Severity

# Named in the API's documentation (ENUM_NAME_OVERRIDES).
KINDS = get_kinds()
SEVERITIES = [(severity.value, severity.value) for severity in Severity]
LONGEST = 100 * 366 * 86_400  # seconds
JUDGEMENTS = [State.OPEN, State.ACCEPTED, State.DISPUTED, State.CLOSED]  # `explained` is the hub's own word


class FindingSerializer(serializers.ModelSerializer[Finding]):
    owner = KeyField(read_only=True)
    token_owner = KeyField(read_only=True)

    class Meta:
        model = Finding
        fields = [
            "id",
            "kind",
            "severity",
            "state",
            "owner",
            "token_owner",
            "cdr_id",
            "session_id",
            "path",
            "expected",
            "actual",
            "message",
            "note",
            "opened_at",
            "closed_at",
        ]
        read_only_fields = fields


class FindingEventSerializer(serializers.ModelSerializer[FindingEvent]):
    class Meta:
        model = FindingEvent
        fields = ["at", "side", "by", "before", "after", "note"]
        read_only_fields = fields


class FindingDetailSerializer(FindingSerializer):
    """The hub's own part in its life are opened_at and closed_at; what people did is listed."""

    history = FindingEventSerializer(many=True, read_only=True, source="events")

    class Meta(FindingSerializer.Meta):
        fields = [*FindingSerializer.Meta.fields, "history"]
        read_only_fields = fields


class JudgementSerializer(StrictSerializer):
    state = serializers.ChoiceField(choices=[state.value for state in JUDGEMENTS])
    note = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="Why; left out, the earlier one stays."
    )


class RunSerializer(StrictSerializer):
    older_than_seconds = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST,
        required=False,
        help_text="Also judge completed sessions without a CDR older than this, and CDRs that nobody accepted.",
    )
    from_beginning = serializers.BooleanField(
        default=False,
        help_text="Look at every CDR and session again, as after a restore. What people judged stays.",
    )


class RanSerializer(serializers.Serializer[Any]):
    reconciled = serializers.IntegerField(help_text="CDRs compared in this run.")
    sessions_without_cdr = serializers.IntegerField(
        allow_null=True, help_text="Found in this run; null: not asked for."
    )


class PartyTotalsSerializer(serializers.Serializer[Any]):
    party = KeyField()
    cdrs = serializers.IntegerField()
    reconciled = serializers.IntegerField()
    findings = serializers.IntegerField()


class SummarySerializer(serializers.Serializer[Any]):
    reconciled = serializers.IntegerField()
    pending = serializers.IntegerField()
    unrated = serializers.IntegerField(help_text="CDRs not judged by their price yet; none of them is settled.")
    findings = serializers.DictField(child=serializers.IntegerField(), help_text="Open ones, by kind.")
    by_party = PartyTotalsSerializer(many=True)
