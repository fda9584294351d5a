"""Statements, terms, companies and rates as the API shows and takes them. Amounts are text in the currency's form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField
from ocpi.calls import PartyId
from settlement.bank_accounts import read_bic, read_iban
from settlement.models import Company, ExchangeRate, FeeLine, Line, Statement, Terms, VatRate
from settlement.vat_numbers import read_vat_number
from tariffs.pricing.policy import get_digits


@extend_schema_field({"type": "string", "example": "12.30"})
class AmountField(serializers.Field):
    """`currency` names the attribute that says which decimals there are."""

    def __init__(self, *, currency: str = "currency", **options: Any) -> None:
        super().__init__(read_only=True, **options)
        self._currency = currency.split(".")

    def get_attribute(self, instance: Any) -> tuple[Decimal, str] | None:
        amount, currency = super().get_attribute(instance), instance
        for name in self._currency:
            currency = getattr(currency, name)
        return None if amount is None else (amount, currency)

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        amount, currency = value
        return f"{amount:.{get_digits(currency)}f}"


@extend_schema_field({"type": "string", "example": "12.345"})
class PlainField(serializers.Field):
    """A number without the zeros that its column adds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


@extend_schema_field({"type": "string", "example": "NL*CPO"})
class PartyField(serializers.Field):
    """A party's key, read and shown as "NL*CPO"."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return PartyId.of_text(str(data)).key
        except ValueError as e:
            raise serializers.ValidationError(str(e)) from e

    def to_representation(self, value: str) -> str:
        return str(PartyId.of_key(value))


class StatementSerializer(serializers.ModelSerializer[Statement]):
    seller = KeyField(read_only=True)
    buyer = KeyField(read_only=True)
    energy = PlainField()
    net = AmountField()
    vat = AmountField()
    gross = AmountField()
    stated_vat = AmountField(help_text="What the CDRs state, whether it is charged or not.")
    settlement_rate = PlainField(allow_null=True)
    settlement_gross = AmountField(currency="settlement_currency")
    due = AmountField(currency="due_currency", help_text="To be paid by the buyer; below zero, to the buyer.")
    due_currency = serializers.CharField(read_only=True)

    class Meta:
        model = Statement
        fields = [
            "id",
            "reference",
            "kind",
            "state",
            "seller",
            "buyer",
            "country",
            "currency",
            "first_day",
            "last_day",
            "time_zone",
            "period_start",
            "period_end",
            "issued_on",
            "due_on",
            "line_count",
            "session_count",
            "correction_count",
            "energy",
            "net",
            "vat",
            "gross",
            "stated_vat",
            "vat_treatment",
            "vat_note",
            "vat_totals",
            "implausible_vat_count",
            "settlement_currency",
            "settlement_rate",
            "settlement_rate_on",
            "settlement_gross",
            "due",
            "due_currency",
            "csv_sha256",
            "json_sha256",
            "closed_at",
        ]
        read_only_fields = fields


class LineSerializer(serializers.ModelSerializer[Line]):
    cdr_id = serializers.CharField(source="cdr_id_text", read_only=True)
    session_id = serializers.CharField(read_only=True)
    corrects = serializers.CharField(
        source="corrects.reference", read_only=True, default=None, help_text="The statement that it corrects."
    )
    energy = PlainField()
    stated_net = PlainField(help_text="As the CDR says.")
    stated_gross = PlainField(allow_null=True)
    net = AmountField(currency="statement.currency")
    vat = AmountField(currency="statement.currency")
    gross = AmountField(currency="statement.currency")
    vat_rate = PlainField()

    class Meta:
        model = Line
        fields = [
            "position",
            "kind",
            "corrects",
            "cdr_id",
            "session_id",
            "is_credit",
            "start_at",
            "end_at",
            "energy",
            "stated_net",
            "stated_gross",
            "net",
            "vat",
            "gross",
            "vat_category",
            "vat_rate",
            "is_vat_plausible",
        ]
        read_only_fields = fields


class FeeLineSerializer(serializers.ModelSerializer[FeeLine]):
    provider = KeyField(read_only=True)
    consumer = KeyField(read_only=True)
    quantity = PlainField()
    unit_price = PlainField()
    exchange_rate = PlainField(allow_null=True)
    net = AmountField()
    vat = AmountField()
    gross = AmountField()

    class Meta:
        model = FeeLine
        fields = [
            "position",
            "provider",
            "consumer",
            "first_day",
            "last_day",
            "rule",
            "quantity",
            "unit",
            "unit_price",
            "base_currency",
            "exchange_rate",
            "exchange_rate_on",
            "net",
            "vat",
            "gross",
        ]
        read_only_fields = fields


class TermsSerializer(StrictSerializer, serializers.ModelSerializer[Terms]):
    provider = PartyField()
    consumer = PartyField()

    class Meta:
        model = Terms
        exclude = ["changed_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["provider"] == attrs["consumer"]:
            raise serializers.ValidationError("provider and consumer are the same party")
        if attrs.get("valid_until") is not None and attrs["valid_until"] < attrs["valid_from"]:
            raise serializers.ValidationError("valid_until is before valid_from")
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Terms:
        return Terms.objects.create(**validated_data, changed_at=timezone.now())


class CompanySerializer(StrictSerializer, serializers.ModelSerializer[Company]):
    party = PartyField()

    class Meta:
        model = Company
        exclude = ["changed_at"]

    def validate_party(self, key: str) -> str:
        others = Company.objects.filter(party=key)
        if self.instance is not None:
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError("there is a company for this party already: change that one")
        return key

    # What is no such number the model's validators have told by now.

    def validate_vat_number(self, text: str) -> str:
        return read_vat_number(text) if text else ""

    def validate_iban(self, text: str) -> str:
        return read_iban(text) if text else ""

    def validate_bic(self, text: str) -> str:
        return read_bic(text) if text else ""

    def save(self, **more: Any) -> Company:
        company: Company = super().save(changed_at=timezone.now(), **more)
        return company


class VatRateSerializer(StrictSerializer, serializers.ModelSerializer[VatRate]):
    class Meta:
        model = VatRate
        fields = ["id", "country", "rate", "valid_from", "valid_until"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        begin, end = (attrs.get(name, getattr(self.instance, name, None)) for name in ("valid_from", "valid_until"))
        if begin is not None and end is not None and end < begin:
            raise serializers.ValidationError({"valid_until": ["It is before valid_from."]})
        return attrs


class ExchangeRateSerializer(serializers.ModelSerializer[ExchangeRate]):
    rate = PlainField(help_text="So much for one euro.")

    class Meta:
        model = ExchangeRate
        fields = ["date", "currency", "rate"]
        read_only_fields = fields


class NettingSerializer(serializers.Serializer[Any]):
    debtor = KeyField(help_text="Pays `amount` to the creditor.")
    creditor = KeyField()
    currency = serializers.CharField()
    last_day = serializers.DateField(help_text="Of the period.")
    amount = AmountField()
    owed = AmountField(help_text="By the debtor, before anything is set off.")
    owing = AmountField(help_text="To the debtor.")
    references = serializers.ListField(child=serializers.CharField())


class SettlementRunSerializer(StrictSerializer):
    provider = PartyField(required=False, help_text="With `consumer`: this pair only.")
    consumer = PartyField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Periods that ended by then; without it: by now.")
    dry_run = serializers.BooleanField(default=False, help_text="Say what would be closed and close nothing.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("provider" in attrs) is not ("consumer" in attrs):
            raise serializers.ValidationError("provider and consumer: name both or none")
        return attrs


class SettlementRanSerializer(serializers.Serializer[Any]):
    statements = StatementSerializer(many=True)
    failures = serializers.DictField(child=serializers.CharField(), help_text="By pair: why it was not closed.")
