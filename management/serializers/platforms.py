"""Platforms and parties as the API shows and takes them. Digests and tokens are never among the fields."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from management.serializers.strict import StrictSerializer
from ocpi.calls import PartyId, Role
from parties.models import DetectedQuirk, Endpoint, Party, PartyBehind, Platform

SETTINGS = [
    "sends_raw_token",
    "wants_trailing_slash",
    "wraps_single_objects",
    "takes_no_patch",
    "date_to_is_inclusive",
    "fills_operator",
    "max_in_flight",
    "rate_limit",
    "pull_schedule",
    "pull_full_hours",
]
PARTY_ROLES = [role.value for role in Role]


@extend_schema_field({"type": "string", "example": "NL*CPO", "pattern": r"^[A-Za-z]{2}\*?[A-Za-z0-9]{1,3}$"})
class PartyField(serializers.Field):
    """A party as "NL*CPO"."""

    def to_internal_value(self, data: Any) -> PartyId:
        try:
            return PartyId.of_text(str(data))
        except ValueError as e:
            raise serializers.ValidationError(str(e)) from e

    def to_representation(self, value: PartyId) -> str:
        return str(value)


class PartySerializer(serializers.ModelSerializer[Party]):
    class Meta:
        model = Party
        fields = ["id", "platform", "country_code", "party_id", "role", "name", "is_active", "changed_at"]
        read_only_fields = fields


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    class Meta:
        model = Endpoint
        fields = ["module", "interface", "url"]
        read_only_fields = fields


class PartyBehindSerializer(serializers.ModelSerializer[PartyBehind]):
    """As a peer hub announced it; whether it can be reached also hangs on the hub's own status."""

    class Meta:
        model = PartyBehind
        fields = ["country_code", "party_id", "role", "status", "last_updated", "changed_at"]
        read_only_fields = fields


class PlatformSerializer(serializers.ModelSerializer[Platform]):
    status = serializers.CharField(read_only=True, help_text="What HubClientInfo says of its parties (HCI-09).")
    heard_at = serializers.SerializerMethodField(help_text="When the hub last heard of it.")
    has_open_token_a = serializers.SerializerMethodField(help_text="A Token A was handed out and not used yet.")
    parties = PartySerializer(many=True, read_only=True)
    parties_behind = PartyBehindSerializer(many=True, read_only=True, help_text="If it is a hub: reached through it.")
    endpoints = EndpointSerializer(many=True, read_only=True)

    class Meta:
        model = Platform
        fields = [
            "id",
            "name",
            "state",
            "status",
            "is_online",
            "version",
            "versions_url",
            "has_open_token_a",
            *SETTINGS,
            "registered_at",
            "heard_at",
            "changed_at",
            "created_at",
            "parties",
            "parties_behind",
            "endpoints",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_heard_at(self, platform: Platform) -> Any:
        heartbeat = getattr(platform, "heartbeat", None)
        return heartbeat.heard_at if heartbeat else None

    def get_has_open_token_a(self, platform: Platform) -> bool:
        return bool(platform.token_a_digest)


class SettingsSerializer(serializers.ModelSerializer[Platform]):
    """How the hub deals with this platform; its habits among them."""

    class Meta:
        model = Platform
        fields = SETTINGS
        extra_kwargs = {"max_in_flight": {"min_value": 1}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(SETTINGS))
        if unknown:
            raise serializers.ValidationError({name: ["There is no such setting."] for name in unknown})
        return attrs


class DetectedQuirkSerializer(serializers.ModelSerializer[DetectedQuirk]):
    setting = serializers.CharField(
        read_only=True, help_text='The setting that makes the hub do the same; "" where it takes it from everybody.'
    )
    is_applied = serializers.BooleanField(read_only=True)

    class Meta:
        model = DetectedQuirk
        fields = ["quirk", "count", "first_seen_at", "last_seen_at", "example", "setting", "is_applied"]
        read_only_fields = fields


class PlannedPartySerializer(StrictSerializer):
    country_code = serializers.RegexField(r"^[A-Za-z]{2}$", help_text="ISO 3166 alpha-2.")
    party_id = serializers.RegexField(r"^[A-Za-z0-9]{1,3}$")
    role = serializers.ChoiceField(
        choices=PARTY_ROLES, help_text="HUB: another hub; it announces the parties behind it and speaks for them."
    )
    name = serializers.CharField(max_length=100)


class NewPlatformSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100)
    parties = PlannedPartySerializer(many=True, help_text="Who is expected on it; may be empty.")


class TokenASerializer(serializers.Serializer[Any]):
    """Shown in this answer and never again."""

    id = serializers.IntegerField()
    token_a = serializers.CharField(help_text="To hand over to the partner outside OCPI; usable once.")
    versions_url = serializers.CharField(help_text="Where the partner starts its registration.")


class RegisterSerializer(StrictSerializer):
    versions_url = serializers.URLField(max_length=255, help_text="The partner's versions endpoint.")
    token_a = serializers.CharField(max_length=64, write_only=True, help_text="The Token A the partner gave us.")


class RotateSerializer(StrictSerializer):
    compromised = serializers.BooleanField(default=False, help_text="The old token stops working at once (CRED-26).")
