# mypy: ignore-errors
# A project of its own, with settings of its own, that the checks of this one know nothing of.
"""The usual way to write a hub: DRF views and serializers, the ORM for every row, `requests` to the receiver.

Run by gunicorn with threads; `DATABASE_URL` from the environment. `python -m benchmarks.yardsticks.naive_hub PROVIDER
CONSUMER TARGET` makes the tables and the two partners, `… pull URL` reads a page of locations into them.
"""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

_url = urlsplit(os.environ["DATABASE_URL"])
_host = parse_qs(_url.query).get("host", [_url.hostname or ""])[0]
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this benchmark",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "naive",
            "USER": _url.username,
            "PASSWORD": _url.password or "",
            "HOST": _host,
            "PORT": _url.port or "",
            "CONN_MAX_AGE": 600,
        }
    },
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

import requests  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import authentication, exceptions, permissions, serializers, views  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

from benchmarks.yardsticks import naive_catalogue  # noqa: E402


class Partner(models.Model):
    token = models.CharField(max_length=64, unique=True)
    token_out = models.CharField(max_length=64)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    url = models.CharField(max_length=255)

    is_authenticated = True

    class Meta:
        app_label = "naive"


class Agreement(models.Model):
    provider = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    consumer = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")

    class Meta:
        app_label = "naive"


class Stored(models.Model):
    """Sessions and locations."""

    module = models.CharField(max_length=16)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    object_id = models.CharField(max_length=36)
    status = models.CharField(max_length=16, default="")
    document = models.JSONField()
    last_updated = models.DateTimeField()

    class Meta:
        app_label = "naive"
        constraints = [
            models.UniqueConstraint(fields=["module", "country_code", "party_id", "object_id"], name="stored_once")
        ]


class Message(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=255)
    request_id = models.CharField(max_length=100)
    http_status = models.IntegerField()

    class Meta:
        app_label = "naive"


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, None]:
        given = request.headers.get("Authorization", "").removeprefix("Token ")
        try:
            return Partner.objects.get(token=b64decode(given).decode()), None
        except (Partner.DoesNotExist, ValueError) as error:
            raise exceptions.AuthenticationFailed("unknown token") from error


class DimensionSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    volume = serializers.DecimalField(max_digits=14, decimal_places=4)


class PeriodSerializer(serializers.Serializer[Any]):
    start_date_time = serializers.DateTimeField()
    dimensions = DimensionSerializer(many=True)
    tariff_id = serializers.CharField(required=False)


class CdrTokenSerializer(serializers.Serializer[Any]):
    country_code = serializers.CharField(max_length=2)
    party_id = serializers.CharField(max_length=3)
    uid = serializers.CharField(max_length=36)
    type = serializers.CharField()
    contract_id = serializers.CharField(max_length=36)


class PriceSerializer(serializers.Serializer[Any]):
    excl_vat = serializers.DecimalField(max_digits=14, decimal_places=4)
    incl_vat = serializers.DecimalField(max_digits=14, decimal_places=4, required=False)


class SessionSerializer(serializers.Serializer[Any]):
    country_code = serializers.CharField(max_length=2)
    party_id = serializers.CharField(max_length=3)
    id = serializers.CharField(max_length=36)
    start_date_time = serializers.DateTimeField()
    end_date_time = serializers.DateTimeField(required=False)
    kwh = serializers.DecimalField(max_digits=14, decimal_places=4)
    cdr_token = CdrTokenSerializer()
    auth_method = serializers.CharField()
    location_id = serializers.CharField(max_length=36)
    evse_uid = serializers.CharField(max_length=36)
    connector_id = serializers.CharField(max_length=36)
    currency = serializers.CharField(max_length=3)
    charging_periods = PeriodSerializer(many=True, required=False)
    total_cost = PriceSerializer(required=False)
    status = serializers.CharField()
    last_updated = serializers.DateTimeField()


class ConnectorSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=36)
    standard = serializers.CharField()
    format = serializers.CharField()
    power_type = serializers.CharField()
    max_voltage = serializers.IntegerField()
    max_amperage = serializers.IntegerField()
    tariff_ids = serializers.ListField(child=serializers.CharField(), required=False)
    last_updated = serializers.DateTimeField()


class EvseSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField(max_length=36)
    evse_id = serializers.CharField(max_length=48, required=False)
    status = serializers.CharField()
    capabilities = serializers.ListField(child=serializers.CharField(), required=False)
    connectors = ConnectorSerializer(many=True)
    last_updated = serializers.DateTimeField()


class CoordinatesSerializer(serializers.Serializer[Any]):
    latitude = serializers.RegexField(r"-?[0-9]{1,2}\.[0-9]{5,7}")
    longitude = serializers.RegexField(r"-?[0-9]{1,3}\.[0-9]{5,7}")


class LocationSerializer(serializers.Serializer[Any]):
    country_code = serializers.CharField(max_length=2)
    party_id = serializers.CharField(max_length=3)
    id = serializers.CharField(max_length=36)
    publish = serializers.BooleanField()
    name = serializers.CharField(required=False)
    address = serializers.CharField(max_length=255)
    city = serializers.CharField(max_length=45)
    postal_code = serializers.CharField(required=False)
    country = serializers.CharField(max_length=3)
    coordinates = CoordinatesSerializer()
    evses = EvseSerializer(many=True, required=False)
    time_zone = serializers.CharField()
    last_updated = serializers.DateTimeField()


SERIALIZERS: dict[str, type[serializers.Serializer[Any]]] = {
    "sessions": SessionSerializer,
    "locations": LocationSerializer,
}


class ReceiverView(views.APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    def put(self, request: Request, module: str, country_code: str, party_id: str, object_id: str) -> Response:
        serializer = SERIALIZERS[module](data=request.data)
        serializer.is_valid(raise_exception=True)
        Stored.objects.update_or_create(
            module=module,
            country_code=country_code,
            party_id=party_id,
            object_id=object_id,
            defaults={
                "status": request.data.get("status", ""),
                "document": request.data,
                "last_updated": serializer.validated_data["last_updated"],
            },
        )
        status, body = 200, {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"}
        if to := request.headers.get("OCPI-to-party-id"):
            receiver = Partner.objects.get(party_id=to)
            Agreement.objects.get(provider=request.user, consumer=receiver)
            answer = requests.put(
                f"{receiver.url}/receiver/{module}/{country_code}/{party_id}/{object_id}",
                data=request.body if hasattr(request, "_body") else serializer_json(request.data),
                headers={"Authorization": f"Token {receiver.token_out}", "Content-Type": "application/json"},
                timeout=8,
            )
            status, body = answer.status_code, answer.json()
        Message.objects.create(
            partner=request.user,
            method="PUT",
            path=request.path,
            request_id=request.headers.get("X-Request-ID", ""),
            http_status=status,
        )
        return Response(body, status=status)


def serializer_json(data: Any) -> bytes:
    import json

    return json.dumps(data).encode()


access = {"authentication_classes": [TokenAuthentication], "permission_classes": [permissions.IsAuthenticated]}
urlpatterns = [
    *naive_catalogue.make_urls(Agreement, **access),
    path("ocpi/2.2.1/receiver/<str:module>/<str:country_code>/<str:party_id>/<str:object_id>", ReceiverView.as_view()),
]

application = get_wsgi_application()


def make_tables(provider: str, consumer: str, target: str) -> None:
    """The database must exist. Parties as "DE*CPA"; the provider's token is the one of `benchmarks.seed`."""
    from django.db import connection

    with connection.schema_editor() as editor:
        catalogue = (naive_catalogue.Location, naive_catalogue.Evse, naive_catalogue.Connector)
        for model in (Partner, Agreement, Stored, Message, *catalogue):
            editor.create_model(model)
    partners = [
        Partner.objects.create(
            token=f"token-of-{party.replace('*', '-')}",
            token_out="hub",
            country_code=party[:2],
            party_id=party[3:],
            url=target,
        )
        for party in (provider, consumer)
    ]
    Agreement.objects.create(provider=partners[0], consumer=partners[1])


if __name__ == "__main__":
    if sys.argv[1] == "pull":
        naive_catalogue.pull(sys.argv[2])
    else:
        make_tables(sys.argv[1], sys.argv[2], sys.argv[3])
