"""Agreements as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from agreements.doubts import get_doubts
from agreements.models import LONGEST_COMMAND, MANDATE_MODULES, Agreement, Mandate
from management.serializers.platforms import PartyField
from management.serializers.strict import StrictSerializer
from ocpi.calls import Delivery

DELIVERIES = Agreement._meta.get_field("delivery").flatchoices  # one kind in the documentation, not two


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
            "commands",
            "valid_from",
            "valid_until",
            "is_in_force",
            "delivery",
            "delivery_by_module",
            "cdr_control",
            "note",
            "created_at",
            "changed_at",
        ]
        read_only_fields = fields

    def get_is_in_force(self, agreement: Agreement) -> bool:
        now = self.context.get("now") or timezone.now()
        return agreement.valid_from <= now and (agreement.valid_until is None or now < agreement.valid_until)


class AgreementDetailSerializer(AgreementSerializer):
    warnings = serializers.SerializerMethodField(help_text="What may be meant, and may be a slip.")

    class Meta(AgreementSerializer.Meta):
        fields = [*AgreementSerializer.Meta.fields, "warnings"]
        read_only_fields = fields

    def get_warnings(self, agreement: Agreement) -> list[str]:
        return get_doubts(agreement, now=self.context.get("now") or timezone.now())


class NewAgreementSerializer(StrictSerializer):
    provider = PartyField(help_text="Owns locations, tariffs, sessions and CDRs.")
    consumer = PartyField(help_text="Owns tokens and sends commands.")
    modules = serializers.ListField(child=serializers.CharField(max_length=32), allow_empty=False)
    commands = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_COMMAND),
        required=False,
        allow_null=True,
        default=None,
        help_text='Which commands the two may use ("START_SESSION"); null: all of them (CMD-15).',
    )
    valid_from = serializers.DateTimeField(required=False, help_text="Without it: now.")
    valid_until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    delivery = serializers.ChoiceField(choices=DELIVERIES, default=Delivery.RELAY.value)
    delivery_by_module = serializers.DictField(child=serializers.ChoiceField(choices=DELIVERIES), required=False)
    cdr_control = serializers.JSONField(
        required=False,
        default=dict,
        help_text="What differs for these two from the hub's CDR control: severities, bounds, tolerances, refuse "
        "(docs/reconciliation.md). Whole seconds; other numbers may be text, to be exact.",
    )
    note = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")


class MandateSerializer(serializers.ModelSerializer[Mandate]):
    agent = PartyField(read_only=True)
    principal = PartyField(read_only=True)
    is_in_force = serializers.SerializerMethodField()

    class Meta:
        model = Mandate
        fields = [
            "id",
            "agent",
            "principal",
            "modules",
            "valid_from",
            "valid_until",
            "is_in_force",
            "note",
            "created_at",
            "changed_at",
        ]
        read_only_fields = fields

    def get_is_in_force(self, mandate: Mandate) -> bool:
        now = self.context.get("now") or timezone.now()
        return mandate.valid_from <= now and (mandate.valid_until is None or now < mandate.valid_until)


class NewMandateSerializer(StrictSerializer):
    agent = PartyField(help_text="Who acts.")
    principal = PartyField(help_text="For whom: the owner of the locations and tariffs, or of the tokens.")
    modules = serializers.ListField(
        child=serializers.ChoiceField(choices=MANDATE_MODULES),
        allow_empty=False,
        help_text="Locations and tariffs: a NAP may push the principal's. Sessions and CDRs: those of the principal's "
        "tokens may be sent to the agent, and the principal may pass its sessions on to it.",
    )
    valid_from = serializers.DateTimeField(required=False, help_text="Without it: now.")
    valid_until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")


class ImportedSerializer(serializers.Serializer[Any]):
    imported = serializers.IntegerField(help_text="Agreements entered: all lines of the file, or none.")
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What may be meant, and may be a slip: each said once."
    )
