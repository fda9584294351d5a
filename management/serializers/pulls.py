"""Pulls as the API shows them and asks for them."""

from __future__ import annotations

from rest_framework import serializers

from journal.models import PullRequest
from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField
from parties.pull_schedule import LISTS


class PullSerializer(serializers.ModelSerializer[PullRequest]):
    party = KeyField(read_only=True)

    class Meta:
        model = PullRequest
        fields = [
            "id",
            "platform",
            "party",
            "module",
            "is_full",
            "reason",
            "state",
            "requested_at",
            "due_at",
            "started_at",
            "finished_at",
            "attempts",
            "date_from",
            "pages",
            "objects_read",
            "total",
            "stored",
            "unchanged",
            "foreign",
            "invalid",
            "removed",
            "last_error",
        ]
        read_only_fields = fields


class NewPullSerializer(StrictSerializer):
    modules = serializers.ListField(
        child=serializers.ChoiceField(choices=LISTS), required=False, help_text="Left out: every list it offers."
    )
    full = serializers.BooleanField(
        default=False, help_text="The whole list: locations and tariffs it lacks are removed, tokens marked stale."
    )
