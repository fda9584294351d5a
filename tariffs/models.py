"""Tariffs as their owners told them. Prices are worked out in `pricing`, never here."""

from __future__ import annotations

from django.db import models

from parties.owned import OwnedObject


class Tariff(OwnedObject):
    currency = models.CharField(max_length=3, default="")

    class Meta(OwnedObject.Meta):
        pass
