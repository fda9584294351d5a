"""A priced CDR as the API shows it. Amounts are text: exact, in four decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from management.serializers.traffic import KeyField


@extend_schema_field(OpenApiTypes.STR)
class ExactField(serializers.Field):
    """A number as text, whatever its size; null where it is not known."""

    def to_representation(self, value: Decimal) -> str:
        return f"{value:f}"


class AmountSerializer(serializers.Serializer[Any]):
    excl_vat = ExactField(allow_null=True)
    incl_vat = ExactField(allow_null=True)


class PriceLineSerializer(serializers.Serializer[Any]):
    dimension = serializers.CharField()
    tariff_id = serializers.CharField()
    element = serializers.IntegerField(help_text="Its place in the tariff.")
    component = serializers.IntegerField(help_text="Its place in the element.")
    price = ExactField()
    vat = ExactField(allow_null=True, help_text="Per cent; null: none applies.")
    step_size = serializers.IntegerField()
    quantity = ExactField(help_text="kWh or hours; 1 for FLAT.")
    billed_quantity = ExactField(help_text="With what step_size adds.")
    amount = AmountSerializer()
    vat_amount = ExactField(allow_null=True)
    cost_field = serializers.CharField()


class PricedPeriodSerializer(serializers.Serializer[Any]):
    period = serializers.IntegerField(help_text="Its place in the CDR.")
    start = serializers.CharField()
    end = serializers.CharField(allow_null=True)
    tariff_id = serializers.CharField(allow_null=True)
    lines = PriceLineSerializer(many=True)


class RuleFindingSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Of the rule.")
    severity = serializers.CharField(help_text="pass, flag, hold or reject.")
    path = serializers.CharField(help_text="JSON pointer into the CDR.")
    message = serializers.CharField()
    expected = serializers.JSONField(allow_null=True)
    actual = serializers.JSONField(allow_null=True)


class PricedSerializer(serializers.Serializer[Any]):
    owner = KeyField()
    token_owner = KeyField()
    cdr_id = serializers.CharField()
    currency = serializers.CharField()
    verdict = serializers.CharField(help_text="match, match_with_warning, mismatch, not_verifiable or reject.")
    engine_version = serializers.CharField()
    policy = serializers.CharField()
    time_zone = serializers.CharField(allow_null=True)
    max_power = ExactField(allow_null=True, help_text="kW of the connector, where its location tells it.")
    tariffs_used = serializers.ListField(child=serializers.CharField())
    claimed = serializers.DictField(child=AmountSerializer(), help_text="By the CDR's cost fields.")
    computed = serializers.DictField(child=AmountSerializer())
    differences = serializers.DictField(child=AmountSerializer(), help_text="Claimed less computed.")
    interpolated = AmountSerializer(allow_null=True, help_text="Where prices change within a period: split by time.")
    alternative = AmountSerializer(allow_null=True, help_text="If a restriction that cannot be decided does not hold.")
    periods = PricedPeriodSerializer(many=True)
    findings = RuleFindingSerializer(many=True)
