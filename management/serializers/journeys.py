"""A message's journey as the API shows it. No bodies, no credentials; token uids are masked."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.models import LogCall
from management.serializers.traffic import KeyField


class StepSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=["in", "event", "out", "letter", "resent", "closed"])
    level = serializers.ChoiceField(choices=["good", "warn", "bad", "note"])
    title = serializers.CharField()
    answer = serializers.CharField()
    message = serializers.CharField(help_text="The status_message of the answer, or why nothing was sent.")
    why = serializers.CharField(help_text="What the hub decided, and the rule that said so.")
    duration_ms = serializers.IntegerField(allow_null=True)
    facts = serializers.DictField(child=serializers.CharField())
    headers = serializers.DictField(child=serializers.CharField())


class ReceiverSerializer(serializers.Serializer[Any]):
    event = serializers.IntegerField()
    party = serializers.CharField()
    platform = serializers.IntegerField()
    platform_name = serializers.CharField()
    state = serializers.CharField(
        help_text="delivered, waits, dead letter, refused, skipped, not looked at yet or passed over"
    )
    level = serializers.ChoiceField(choices=["good", "warn", "bad", "note"])
    why = serializers.CharField()
    attempts = serializers.IntegerField()
    last_at = serializers.DateTimeField(allow_null=True)


class JourneySerializer(serializers.Serializer[Any]):
    """One message: both legs, what was kept, everybody it was told to, what waits, what died and was resent."""

    id = serializers.CharField()
    correlation_ids = serializers.ListField(child=serializers.CharField())
    summary = serializers.ListField(child=serializers.CharField(), help_text="In plain words, the first thing first.")
    receivers = ReceiverSerializer(many=True)
    steps = StepSerializer(many=True)
    is_cut = serializers.BooleanField(help_text="There are more calls with this correlation id than are shown.")


class FoundJourneySerializer(serializers.ModelSerializer[LogCall]):
    """A message that fits the search, by one of its calls."""

    id = serializers.SerializerMethodField(help_text="For /api/journeys/{id}/; empty where the caller gave no ids.")
    sender = KeyField(read_only=True)
    receiver = KeyField(read_only=True)
    outcome = serializers.CharField(read_only=True)

    class Meta:
        model = LogCall
        fields = [
            "id",
            "at",
            "leg",
            "platform",
            "sender",
            "receiver",
            "method",
            "module",
            "object_id",
            "request_id",
            "correlation_id",
            "outcome",
        ]
        read_only_fields = fields

    def get_id(self, call: LogCall) -> str:
        return call.correlation_id or call.request_id
