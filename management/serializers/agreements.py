"""Agreements as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from agreements.models import Agreement
from management.serializers.platforms import PartyField
from ocpi.calls import Delivery

DELIVERIES = [delivery.value for delivery in Delivery]


class AgreementSerializer(serializers.ModelSerializer[Agreement]):
    provider = PartyField(read_only=True)
    consumer = PartyField(read_only=True)
    is_in_force = serializers.SerializerMethodField()

    class Meta:
        model = Agreement
        fields = [
            "id",
            "provider",
            "consumer",
            "modules",
            "valid_from",
            "valid_until",
            "is_in_force",
            "delivery",
            "delivery_by_module",
            "note",
            "created_at",
            "changed_at",
        ]
        read_only_fields = fields

    def get_is_in_force(self, agreement: Agreement) -> bool:
        now = self.context.get("now") or timezone.now()
        return agreement.valid_from <= now and (agreement.valid_until is None or now < agreement.valid_until)


class NewAgreementSerializer(serializers.Serializer[Any]):
    provider = PartyField(help_text="Owns locations, tariffs, sessions and CDRs.")
    consumer = PartyField(help_text="Owns tokens and sends commands.")
    modules = serializers.ListField(child=serializers.CharField(max_length=32), allow_empty=False)
    valid_from = serializers.DateTimeField(required=False, help_text="Without it: now.")
    valid_until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    delivery = serializers.ChoiceField(choices=DELIVERIES, default=Delivery.RELAY.value)
    delivery_by_module = serializers.DictField(child=serializers.ChoiceField(choices=DELIVERIES), required=False)
    note = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")


class ImportedSerializer(serializers.Serializer[Any]):
    imported = serializers.IntegerField(help_text="Agreements entered: all lines of the file, or none.")
