"""What the partner API says of the caller itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.serializers.traffic import KeyField


class PartnerMeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    platform = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    cpo_parties = serializers.ListField(child=KeyField(), help_text="Parties that send CDRs.")
    emsp_parties = serializers.ListField(child=KeyField(), help_text="Parties that are billed by CDRs.")
