"""Locations as their owners told them, EVSEs and connectors inside the document."""

from __future__ import annotations

from django.db import models

from parties.owned import OwnedObject


class Location(OwnedObject):
    country = models.CharField(max_length=3, default="")
    city = models.TextField(default="")
    latitude = models.DecimalField(max_digits=10, decimal_places=7, null=True)
    longitude = models.DecimalField(max_digits=10, decimal_places=7, null=True)
    time_zone = models.TextField(default="")
    publish = models.BooleanField(default=True)
    evse_count = models.IntegerField(default=0)

    class Meta(OwnedObject.Meta):
        pass
