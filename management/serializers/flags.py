"""Flags as the API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from management.serializers.traffic import KeyField


class AskedObjectSerializer(serializers.Serializer[Any]):
    party = serializers.CharField(help_text='The owner, as "NL*CPO".')
    object_id = serializers.CharField(max_length=39, help_text="Of a location, tariff, session or CDR.")


class FlaggedSerializer(serializers.Serializer[Any]):
    module = serializers.CharField()
    owner = KeyField()
    object_id = serializers.CharField()
    flags = serializers.ListField(child=serializers.CharField(), help_text="Field and reason, or a reason alone.")
