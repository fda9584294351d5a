# mypy: ignore-errors
# Imported by naive_hub only, when its own settings are in place.
"""Locations as Django people would first keep them: tables of locations, EVSEs and connectors; nested serializers."""

from __future__ import annotations

import sys
import time
from typing import Any

import requests
from django.db import models, transaction
from django.urls import path
from rest_framework import serializers, views
from rest_framework.request import Request
from rest_framework.response import Response


class Location(models.Model):
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    object_id = models.CharField(max_length=36)
    publish = models.BooleanField()
    name = models.CharField(max_length=255, null=True)
    address = models.CharField(max_length=255)
    city = models.CharField(max_length=45)
    postal_code = models.CharField(max_length=10, null=True)
    country = models.CharField(max_length=3)
    latitude = models.CharField(max_length=10)
    longitude = models.CharField(max_length=11)
    time_zone = models.CharField(max_length=255)
    last_updated = models.DateTimeField()

    class Meta:
        app_label = "naive"
        constraints = [
            models.UniqueConstraint(fields=["country_code", "party_id", "object_id"], name="naive_location_once")
        ]


class Evse(models.Model):
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="evses")
    uid = models.CharField(max_length=36)
    evse_id = models.CharField(max_length=48, null=True)
    status = models.CharField(max_length=16)
    capabilities = models.JSONField(default=list)
    last_updated = models.DateTimeField()

    class Meta:
        app_label = "naive"


class Connector(models.Model):
    evse = models.ForeignKey(Evse, on_delete=models.CASCADE, related_name="connectors")
    connector_id = models.CharField(max_length=36)
    standard = models.CharField(max_length=32)
    format = models.CharField(max_length=8)
    power_type = models.CharField(max_length=16)
    max_voltage = models.IntegerField()
    max_amperage = models.IntegerField()
    tariff_ids = models.JSONField(default=list)
    last_updated = models.DateTimeField()

    class Meta:
        app_label = "naive"


class ConnectorSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="connector_id", max_length=36)

    class Meta:
        model = Connector
        exclude = ("evse", "connector_id")


class EvseSerializer(serializers.ModelSerializer):
    connectors = ConnectorSerializer(many=True)

    class Meta:
        model = Evse
        exclude = ("location", "id")


class CoordinatesSerializer(serializers.Serializer):
    latitude = serializers.RegexField(r"-?[0-9]{1,2}\.[0-9]{5,7}")
    longitude = serializers.RegexField(r"-?[0-9]{1,3}\.[0-9]{5,7}")


class LocationSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="object_id", max_length=36)
    coordinates = CoordinatesSerializer(source="*")
    evses = EvseSerializer(many=True, required=False)

    class Meta:
        model = Location
        exclude = ("object_id", "latitude", "longitude")
        validators: list[Any] = []  # a PUT may replace


@transaction.atomic
def put(data: dict[str, Any]) -> None:
    """update_or_create, all the way down."""
    data = dict(data)
    evses = data.pop("evses", [])
    key = {name: data.pop(name) for name in ("country_code", "party_id", "object_id")}
    location, _ = Location.objects.update_or_create(**key, defaults=data)
    for told in evses:
        told = dict(told)
        connectors = told.pop("connectors")
        evse, _ = Evse.objects.update_or_create(location=location, uid=told.pop("uid"), defaults=told)
        for connector in connectors:
            connector = dict(connector)
            Connector.objects.update_or_create(
                evse=evse, connector_id=connector.pop("connector_id"), defaults=connector
            )


@transaction.atomic
def store_page(page: list[dict[str, Any]]) -> None:
    """The quickest the ORM has: everything anew, by bulk_create."""
    told = [(dict(data), data.get("evses", [])) for data in page]
    for data, _ in told:
        data.pop("evses", None)
    ids = [data["object_id"] for data, _ in told]
    Connector.objects.filter(evse__location__object_id__in=ids).delete()
    Evse.objects.filter(location__object_id__in=ids).delete()
    Location.objects.filter(object_id__in=ids).delete()
    locations = Location.objects.bulk_create([Location(**data) for data, _ in told])
    pairs = [(location, dict(evse)) for location, (_, evses) in zip(locations, told, strict=True) for evse in evses]
    connectors = [evse.pop("connectors") for _, evse in pairs]
    evses = Evse.objects.bulk_create([Evse(location=location, **evse) for location, evse in pairs])
    Connector.objects.bulk_create(
        Connector(evse=evse, **connector)
        for evse, several in zip(evses, connectors, strict=True)
        for connector in several
    )


class LocationView(views.APIView):
    def put(self, request: Request, country_code: str, party_id: str, object_id: str) -> Response:
        serializer = LocationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        put(serializer.validated_data)
        return Response({"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"})


class ListView(views.APIView):
    agreements: Any = None  # the model, which is naive_hub's

    def get(self, request: Request) -> Response:
        offset, limit = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", 50))
        providers = self.agreements.objects.filter(consumer=request.user).values("provider__party_id")
        visible = Location.objects.filter(party_id__in=providers).order_by("pk")
        rows = visible.prefetch_related("evses__connectors")[offset : offset + limit]
        data = LocationSerializer(rows, many=True).data
        body = {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": data}
        return Response(body, headers={"X-Total-Count": str(visible.count())})


def make_urls(agreements: Any, **access: Any) -> list[Any]:
    return [
        path("orm/locations", ListView.as_view(agreements=agreements, **access)),
        path("orm/locations/<str:country_code>/<str:party_id>/<str:object_id>", LocationView.as_view(**access)),
    ]


def pull(url: str) -> None:
    """One page into the tables; prints the seconds from the request to the commit."""
    began = time.perf_counter()
    page = requests.get(url, timeout=60).json()["data"]
    serializer = LocationSerializer(data=page, many=True)
    serializer.is_valid(raise_exception=True)
    store_page(serializer.validated_data)
    print(time.perf_counter() - began)
    sys.stdout.flush()
