"""What every body the API takes is read with: a field it does not know is refused by name, never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """A misspelt field would otherwise leave what was meant undone, and say that it is done."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
                message = f"There is no such field; there are {known}." if known else "No field is taken here."
                raise serializers.ValidationError({name: [message] for name in unknown})
        return super().to_internal_value(data)
