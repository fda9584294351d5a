"""Lanes, dead letters and the call log as the API shows them. What names a person's token is masked in lists."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forwarding.lane_state import LaneState, get_lane_state
from forwarding.models import DeadLetter, Lane
from forwarding.resend import get_open
from management.models import LogCall
from management.outcome import Outcome
from management.serializers.strict import StrictSerializer
from parties.display import mask_path, show_party
from parties.models import Platform

LANE_STATES = "One of: " + ", ".join(state.value for state in LaneState) + "."


@extend_schema_field({"type": "string", "example": "NL*CPO"})
class KeyField(serializers.Field):
    """A party's key, shown as "NL*CPO"; "" where there is none."""

    def to_representation(self, value: str) -> str:
        return show_party(value)


class LaneSerializer(serializers.ModelSerializer[Lane]):
    platform_name = serializers.CharField(source="platform.name", read_only=True)
    events_behind = serializers.SerializerMethodField(help_text="Counting stops at 10000.")
    seconds_behind = serializers.SerializerMethodField(help_text="Age of the oldest waiting event.")
    state = serializers.SerializerMethodField(help_text=LANE_STATES)

    class Meta:
        model = Lane
        fields = [
            "id",
            "platform",
            "platform_name",
            "sublane",
            "state",
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
            "paused_at",
            "pause_note",
        ]
        read_only_fields = fields

    def get_state(self, lane: Lane) -> str:
        return get_lane_state(lane, self.context["get_lag"](lane), now=self.context["now"]).value

    def get_events_behind(self, lane: Lane) -> int:
        return int(self.context["get_lag"](lane).events)

    def get_seconds_behind(self, lane: Lane) -> int:
        return int(self.context["get_lag"](lane).get_age(now=self.context["now"]).total_seconds())


class OldestSerializer(serializers.Serializer[Any]):
    """The event at the head of the queue."""

    event = serializers.IntegerField()
    at = serializers.DateTimeField()
    method = serializers.CharField()
    module = serializers.CharField()
    object = serializers.CharField(help_text='"module:owner:id"; token uids are masked.')
    correlation_id = serializers.CharField()


class PlatformLanesSerializer(serializers.Serializer[Any]):
    """One platform's lanes taken together. `state` is that of the worst of them."""

    platform = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.CharField(help_text="CONNECTED, OFFLINE, PLANNED or SUSPENDED")
    state = serializers.CharField(help_text=LANE_STATES)
    lanes = serializers.IntegerField()
    events_behind = serializers.IntegerField()
    seconds_behind = serializers.IntegerField()
    cursor = serializers.IntegerField(help_text="Everything up to this event is done with.")
    leased_until = serializers.DateTimeField(allow_null=True)
    retry_at = serializers.DateTimeField(allow_null=True)
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_note = serializers.CharField()
    last_error = serializers.CharField()
    failures = serializers.IntegerField()
    next_probe = serializers.DateTimeField(allow_null=True, help_text="Of its breaker, where that is open.")
    oldest = OldestSerializer(allow_null=True)


class LanesOrderSerializer(StrictSerializer):
    """Which platform's lanes, and why."""

    platform = serializers.PrimaryKeyRelatedField(queryset=Platform.objects.all())
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)


class ResendSerializer(StrictSerializer):
    """Which open dead letters: those that fit everything given. At least one thing must be given, or `all`."""

    ids = serializers.ListField(child=serializers.IntegerField(), required=False)
    platform = serializers.PrimaryKeyRelatedField(queryset=Platform.objects.all(), required=False)
    module = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, help_text="A part of the reason.")
    all = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("all") and not attrs.keys() & {"ids", "platform", "module", "reason"}:
            raise serializers.ValidationError("Say which: ids, platform, module or reason, or all.")
        return attrs

    def choose(self) -> QuerySet[DeadLetter]:
        asked = self.validated_data
        names = {"ids": "pk__in", "platform": "platform", "module": "module", "reason": "reason__icontains"}
        return get_open().filter(**{column: asked[name] for name, column in names.items() if name in asked})


class ResentSerializer(serializers.Serializer[Any]):
    """What came of it."""

    sent = serializers.IntegerField(help_text="On their way again, each behind what waits for its receiver.")
    settled = serializers.IntegerField(help_text="Closed: the receiver accepted it, or newer, meanwhile.")
    taken = serializers.IntegerField(help_text="Somebody had resent or closed them already.")
    failed = serializers.ListField(child=serializers.CharField(), help_text="Not written; they are as they were.")
    events = serializers.ListField(child=serializers.IntegerField(), help_text="What the lanes deliver now.")


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
            "note",
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
