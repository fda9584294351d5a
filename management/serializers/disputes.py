"""Disputes as both APIs show them, and what they take."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField
from parties.side_names import Side
from reconciliation.dispute_states import Outcome
from reconciliation.models import Dispute, DisputeEntry, DisputeEvidence

PARTNER_SIDES = [(side.value, side.label) for side in Side if side is not Side.HUB]
ALL_SIDES = [(side.value, side.label) for side in Side]
LONGEST = 4000


class DisputeEntrySerializer(serializers.ModelSerializer[DisputeEntry]):
    class Meta:
        model = DisputeEntry
        fields = ["at", "side", "by", "action", "text"]
        read_only_fields = fields


class DisputeEvidenceSerializer(serializers.ModelSerializer[DisputeEvidence]):
    content = serializers.CharField(help_text="JSON as text: documents are as they were told, to the byte.")

    class Meta:
        model = DisputeEvidence
        fields = ["kind", "title", "collected_at", "content"]
        read_only_fields = fields


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    owner = KeyField(read_only=True)
    token_owner = KeyField(read_only=True)

    class Meta:
        model = Dispute
        fields = [
            "id",
            "state",
            "outcome",
            "is_holding",
            "owner",
            "token_owner",
            "cdr_id",
            "amount",
            "currency",
            "finding",
            "opener",
            "reason",
            "opened_at",
            "due_at",
            "escalated_at",
            "closed_at",
            "credit_cdr_id",
            "credit_problem",
            "replacement_cdr_id",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "is_holding": {"help_text": "The CDR stays out of statements."},
            "amount": {"help_text": "The CDR's total, excl. VAT."},
            "due_at": {"help_text": "Until then the two settle it; once the bill falls: until then it is credited."},
        }


class DisputeDetailSerializer(DisputeSerializer):
    entries = DisputeEntrySerializer(many=True, read_only=True)
    evidence = DisputeEvidenceSerializer(many=True, read_only=True)

    class Meta(DisputeSerializer.Meta):
        fields = [*DisputeSerializer.Meta.fields, "entries", "evidence"]
        read_only_fields = fields


class OpenDisputeSerializer(StrictSerializer):
    """Either the finding, or the CDR."""

    finding = serializers.IntegerField(required=False, min_value=1, help_text="Its number; or name the CDR.")
    owner = serializers.CharField(required=False, max_length=8, help_text='Who sent the CDR, as "NL*CPO".')
    cdr_id = serializers.CharField(required=False, max_length=39)
    reason = serializers.CharField(max_length=LONGEST)
    side = serializers.ChoiceField(
        choices=PARTNER_SIDES, required=False, help_text="Needed only by who stands on both sides of the bill."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("finding" in attrs) == ("cdr_id" in attrs or "owner" in attrs):
            raise serializers.ValidationError("Name the finding, or owner and cdr_id of the CDR: one of the two.")
        if "finding" not in attrs and not ("cdr_id" in attrs and "owner" in attrs):
            raise serializers.ValidationError("A CDR is named by owner and cdr_id: give both.")
        return attrs


class StaffOpenDisputeSerializer(OpenDisputeSerializer):
    side = serializers.ChoiceField(
        choices=ALL_SIDES, default=Side.HUB.value, help_text="On whose behalf; by default the hub's own."
    )


class TextSerializer(StrictSerializer):
    text = serializers.CharField(max_length=LONGEST)
    side = serializers.ChoiceField(
        choices=PARTNER_SIDES, required=False, help_text="Needed only by who stands on both sides of the bill."
    )


class OptionalTextSerializer(TextSerializer):
    text = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True, default="")


class StaffTextSerializer(StrictSerializer):
    text = serializers.CharField(max_length=LONGEST)


class DecisionSerializer(StaffTextSerializer):
    outcome = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in Outcome if one], help_text="What becomes of the bill."
    )


class ExtensionSerializer(StaffTextSerializer):
    due_at = serializers.DateTimeField()
    text = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True, default="")


class NoteSerializer(StrictSerializer):
    note = serializers.CharField(max_length=255, help_text="Why: for the other side and for the hub.")
    side = serializers.ChoiceField(
        choices=PARTNER_SIDES, required=False, help_text="Needed only by who stands on both sides of the bill."
    )


class DisputesWatchedSerializer(serializers.Serializer[Any]):
    """How many disputes were touched, by what."""

    credited = serializers.IntegerField()
    replaced = serializers.IntegerField()
    reminded = serializers.IntegerField()
    escalated = serializers.IntegerField()
