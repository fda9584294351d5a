"""Alerts as the API shows them."""

from __future__ import annotations

from rest_framework import serializers

from alerts.models import Alert, Message


class MessageSerializer(serializers.ModelSerializer[Message]):
    class Meta:
        model = Message
        fields = ["about", "channel", "created_at", "attempts", "sent_at", "last_error"]
        read_only_fields = fields


class AlertSerializer(serializers.ModelSerializer[Alert]):
    state = serializers.ChoiceField(choices=["open", "closed"], read_only=True)
    messages = MessageSerializer(many=True, read_only=True)

    class Meta:
        model = Alert
        fields = [
            "id",
            "kind",
            "severity",
            "state",
            "platform",
            "title",
            "detail",
            "advice",
            "first_seen_at",
            "opened_at",
            "last_seen_at",
            "reminded_at",
            "closed_at",
            "messages",
        ]
        read_only_fields = fields
