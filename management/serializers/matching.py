"""Clocks of CPOs, and what a receiver's list was compared with, as the API shows and takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from management.serializers.platforms import PartyField
from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField
from reconciliation.models import CdrClock

LONGEST = 366 * 86_400  # seconds


class ClockSerializer(serializers.ModelSerializer[CdrClock]):
    party = KeyField(source="owner", read_only=True)
    due_after_seconds = serializers.SerializerMethodField(help_text="From the end of a session.")

    class Meta:
        model = CdrClock
        fields = ["id", "party", "due_after_seconds", "pulls_per_day", "changed_at"]
        read_only_fields = fields

    def get_due_after_seconds(self, clock: CdrClock) -> int:
        return clock.due_after // timedelta(seconds=1)


class NewClockSerializer(StrictSerializer):
    party = PartyField(help_text="The CPO; what was set for it before is replaced.")
    due_after_seconds = serializers.IntegerField(
        min_value=0, max_value=LONGEST, help_text="From the end of a session until its CDR is due."
    )
    pulls_per_day = serializers.IntegerField(
        min_value=0,
        max_value=24,
        default=4,
        help_text="How often a day at most the hub asks the CPO for CDRs that are overdue; 0: never.",
    )


class PeriodSerializer(StrictSerializer):
    receiver = PartyField(help_text="Whose list it is.")
    date_from = serializers.DateTimeField(help_text="CDRs created (`last_updated`) from then on must be in the list,")
    date_to = serializers.DateTimeField(help_text="and before then. Others may be in it.")

    def validate(self, attrs: Any) -> Any:
        if attrs["date_from"] >= attrs["date_to"]:
            raise serializers.ValidationError({"date_to": ["It must be after date_from."]})
        return attrs


class ComparedSerializer(serializers.Serializer[Any]):
    sent = serializers.IntegerField(help_text="CDRs of that time that the receiver did not refuse.")
    listed = serializers.IntegerField()
    missing_at_receiver = serializers.IntegerField()
    unknown_to_cpo = serializers.IntegerField()
    differs_at_receiver = serializers.IntegerField()
