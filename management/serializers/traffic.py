"""Lanes, dead letters and the call log as the API shows them. What names a person's token is masked in lists."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forwarding.models import DeadLetter, Lane
from management.models import LogCall
from management.outcome import Outcome
from parties.display import mask_path, show_party


@extend_schema_field({"type": "string", "example": "NL*CPO"})
class KeyField(serializers.Field):
    """A party's key, shown as "NL*CPO"; "" where there is none."""

    def to_representation(self, value: str) -> str:
        return show_party(value)


class LaneSerializer(serializers.ModelSerializer[Lane]):
    platform_name = serializers.CharField(source="platform.name", read_only=True)
    events_behind = serializers.SerializerMethodField(help_text="Counting stops at 10000.")
    seconds_behind = serializers.SerializerMethodField(help_text="Age of the oldest waiting event.")

    class Meta:
        model = Lane
        fields = [
            "id",
            "platform",
            "platform_name",
            "sublane",
            "cursor",
            "cursor_at",
            "events_behind",
            "seconds_behind",
            "leased_until",
            "failures",
            "retry_at",
            "last_error",
            "sent",
            "skipped",
            "needs_resync",
        ]
        read_only_fields = fields

    def get_events_behind(self, lane: Lane) -> int:
        return int(self.context["get_lag"](lane).events)

    def get_seconds_behind(self, lane: Lane) -> int:
        return int(self.context["get_lag"](lane).get_age(now=self.context["now"]).total_seconds())


class DeadLetterSerializer(serializers.ModelSerializer[DeadLetter]):
    """For lists: without the body, token uids masked."""

    platform_name = serializers.CharField(source="platform.name", read_only=True)
    sender = KeyField(read_only=True)
    receiver = KeyField(read_only=True)
    path = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField(help_text="open, resent or closed")

    class Meta:
        model = DeadLetter
        fields = [
            "id",
            "platform",
            "platform_name",
            "receiver",
            "sender",
            "event",
            "event_at",
            "module",
            "method",
            "path",
            "correlation_id",
            "http_status",
            "status_code",
            "reason",
            "attempts",
            "state",
            "created_at",
            "resent_at",
            "closed_at",
        ]
        read_only_fields = fields

    def get_path(self, letter: DeadLetter) -> str:
        return mask_path(letter.path, module=letter.module)

    def get_state(self, letter: DeadLetter) -> str:
        if letter.closed_at:
            return "closed"
        return "resent" if letter.resent_at else "open"


class DeadLetterDetailSerializer(DeadLetterSerializer):
    """One letter, with all that would be sent again."""

    class Meta(DeadLetterSerializer.Meta):
        fields = [*DeadLetterSerializer.Meta.fields, "query", "body"]
        read_only_fields = fields

    def get_path(self, letter: DeadLetter) -> str:
        return letter.path


class LogCallSerializer(serializers.ModelSerializer[LogCall]):
    sender = KeyField(read_only=True)
    receiver = KeyField(read_only=True)
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome], read_only=True)

    class Meta:
        model = LogCall
        fields = [
            "id",
            "at",
            "leg",
            "platform",
            "module",
            "interface",
            "method",
            "object_id",
            "sender",
            "receiver",
            "request_id",
            "correlation_id",
            "decision",
            "outcome",
            "http_status",
            "status_code",
            "message",
            "duration_ms",
            "attempt",
            "repeat",
            "event",
            "size",
        ]
        read_only_fields = fields


class MeSerializer(serializers.Serializer[Any]):
    """The staff token this call was made with."""

    name = serializers.CharField()
    user = serializers.CharField(allow_null=True, help_text="Login of the person who answers for it.")
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
