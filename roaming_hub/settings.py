"""All configuration, from the environment, once. `.env.example` explains every variable."""

from __future__ import annotations

import hashlib
import ipaddress
import sys
import warnings
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

from cdrs.control import terms
from ocpi.calls import PartyId
from roaming_hub.admin_site import UNFOLD as UNFOLD
from tariffs import lint
from telemetry import folder, logs, spans

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

# The hub's own identity: nothing it says about itself comes from a request (decision 7).
DEBUG = env.bool("HUB_DEBUG", default=False)
HUB_PUBLIC_URL: str = env.str("HUB_PUBLIC_URL", default="http://127.0.0.1:8600").rstrip("/")
HUB_PARTY = PartyId.of_text(env.str("HUB_PARTY", default="NL*HUB"))
HUB_NAME: str = env.str("HUB_NAME", default="Roaming Hub")
HUB_REQUIRE_HTTPS: bool = env.bool("HUB_REQUIRE_HTTPS", default=True)
HUB_TRUSTED_PROXIES = [ipaddress.ip_network(net) for net in env.list("HUB_TRUSTED_PROXIES", default=[])]
HUB_EGRESS_ALLOW = [ipaddress.ip_network(net) for net in env.list("HUB_EGRESS_ALLOW", default=[])]

SECRET_KEY: str = env.str("HUB_SECRET_KEY", default="")
ENCRYPTION_KEYS: list[str] = env.list("HUB_ENCRYPTION_KEYS", default=[])
if not SECRET_KEY or not ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "HUB_SECRET_KEY and HUB_ENCRYPTION_KEYS must be set: see .env.example. `make up` and `make demo` make them."
    )
TOKEN_DIGEST_KEY: bytes = hashlib.sha256(b"ocpi-token-digest:" + SECRET_KEY.encode()).digest()

# Limits, all per call.
HUB_MAX_BODY: int = env.int("HUB_MAX_BODY", default=2 * 1024 * 1024)  # bytes
HUB_MAX_ANSWER: int = env.int("HUB_MAX_ANSWER", default=16 * 1024 * 1024)  # bytes of a partner's answer
HUB_FORWARD_TIMEOUT: float = env.float("HUB_FORWARD_TIMEOUT", default=8.0)  # seconds, whole call (ROUTE-20)
HUB_AUTHORIZE_TIMEOUT: float = env.float("HUB_AUTHORIZE_TIMEOUT", default=3.0)  # a driver waits (TOK-11)
HUB_COMMAND_TIMEOUT: float = env.float("HUB_COMMAND_TIMEOUT", default=5.0)  # the same, for commands and profiles
HUB_PAGE_LIMIT: int = env.int("HUB_PAGE_LIMIT", default=1000)  # objects per page
HUB_SILENCE: int = env.int("HUB_SILENCE", default=300)  # seconds until a silent platform is probed (HCI-11)

# What one partner may cost the others (decision 5).
HUB_BREAKER_FAILURES: int = env.int("HUB_BREAKER_FAILURES", default=5)  # calls in a row without answer
HUB_BREAKER_PAUSE: float = env.float("HUB_BREAKER_PAUSE", default=5.0)  # seconds until it is tried again; doubles
HUB_TURN_PATIENCE: float = env.float("HUB_TURN_PATIENCE", default=0.5)  # seconds a call waits for max_in_flight
HUB_RATE_PER_PLATFORM: int = env.int("HUB_RATE_PER_PLATFORM", default=500)  # calls per second; 0: no limit
HUB_RATE_BURST: int = env.int("HUB_RATE_BURST", default=1000)  # calls at once after some quiet
HUB_RATE_STRANGERS: int = env.int("HUB_RATE_STRANGERS", default=10)  # per second and address; 0: no limit
HUB_RATE_STRANGERS_BURST: int = env.int("HUB_RATE_STRANGERS_BURST", default=100)
HUB_PARTNER_RATE: int = env.int("HUB_PARTNER_RATE", default=300)  # calls per minute and partner token; 0: no limit
HUB_MAX_CALLS: int = env.int("HUB_MAX_CALLS", default=1024)  # open at the same time, per web process
HUB_MAX_LISTS: int = env.int("HUB_MAX_LISTS", default=32)  # lists being read and sent at the same time, of those
HUB_STALL: float = env.float("HUB_STALL", default=2.0)  # seconds of waiting to be stored, then new calls are refused
HUB_BODY_TIMEOUT: float = env.float("HUB_BODY_TIMEOUT", default=15.0)  # seconds for the body of a call to arrive
HUB_SEND_TIMEOUT: float = env.float("HUB_SEND_TIMEOUT", default=60.0)  # seconds for an answer to be taken

# The hub as client (TRANS-25, TRANS-26).
HUB_PULL_OVERLAP: int = env.int("HUB_PULL_OVERLAP", default=3600)  # seconds a delta reaches back further (AMB-33)
HUB_PULL_TIMEOUT: float = env.float("HUB_PULL_TIMEOUT", default=30.0)  # seconds per page; below the lease of 180
HUB_PULL_CRAWLS: int = env.int("HUB_PULL_CRAWLS", default=1)  # lists read at the same time, by all workers together
HUB_PULL_ON_RETURN: bool = env.bool("HUB_PULL_ON_RETURN", default=True)  # ask platforms that were away (HCI-14)

# How long what happened is kept (decision 11), in days.
HUB_CALL_LOG_DAYS: int = env.int("HUB_CALL_LOG_DAYS", default=30)
HUB_EVENT_DAYS: int = env.int("HUB_EVENT_DAYS", default=7)  # longer while a lane still has to deliver them
HUB_LANE_LIMIT_DAYS: int = env.int("HUB_LANE_LIMIT_DAYS", default=14)  # a lane behind for longer jumps, and is resynced
HUB_DEAD_LETTER_DAYS: int = env.int("HUB_DEAD_LETTER_DAYS", default=365)
HUB_RECORD_DAYS: int = env.int("HUB_RECORD_DAYS", default=180)  # reservations, profiles, pulls, quirks
HUB_EVIDENCE_DAYS: int = env.int("HUB_EVIDENCE_DAYS", default=365)  # after a dispute is closed: it has personal data

# Reconciliation: what counts as equal, and when something is late.
HUB_RECONCILE_GRACE: int = env.int("HUB_RECONCILE_GRACE", default=300)  # seconds a CDR waits for its session
HUB_CDR_DUE: int = env.int("HUB_CDR_DUE", default=86400)  # seconds after its end until a session lacks its CDR
HUB_RECONCILE_ENERGY_TOLERANCE = Decimal(env.str("HUB_RECONCILE_ENERGY_TOLERANCE", default="0.001"))  # kWh
HUB_RECONCILE_COST_TOLERANCE = Decimal(env.str("HUB_RECONCILE_COST_TOLERANCE", default="0.01"))  # currency units
HUB_RECONCILE_TIME_TOLERANCE: int = env.int("HUB_RECONCILE_TIME_TOLERANCE", default=60)  # seconds
HUB_DISPUTE_DAYS: int = env.int("HUB_DISPUTE_DAYS", default=14)  # until a dispute goes to the hub, and a credit is due
HUB_DISPUTE_REMIND_DAYS: int = env.int("HUB_DISPUTE_REMIND_DAYS", default=3)  # before that

# Settlement: for pairs without terms of their own. Periods are closed so many days after their end.
HUB_SETTLEMENT_PERIOD: str = env.str("HUB_SETTLEMENT_PERIOD", default="calendar_month")
HUB_SETTLEMENT_TIME_ZONE: str = env.str("HUB_SETTLEMENT_TIME_ZONE", default="Europe/Amsterdam")
HUB_SETTLEMENT_CURRENCY: str = env.str("HUB_SETTLEMENT_CURRENCY", default="")
HUB_SETTLEMENT_DELAY: int = env.int("HUB_SETTLEMENT_DELAY", default=3)  # days
HUB_PAYMENT_DAYS: int = env.int("HUB_PAYMENT_DAYS", default=30)
HUB_FEE_PER_SESSION = Decimal(env.str("HUB_FEE_PER_SESSION", default="0"))
HUB_FEE_PER_KWH = Decimal(env.str("HUB_FEE_PER_KWH", default="0"))
HUB_FEE_PERCENTAGE = Decimal(env.str("HUB_FEE_PERCENTAGE", default="0"))
HUB_FEE_MINIMUM = Decimal(env.str("HUB_FEE_MINIMUM", default="0"))
HUB_FEE_PAYER: str = env.str("HUB_FEE_PAYER", default="consumer")
HUB_FEE_CURRENCY: str = env.str("HUB_FEE_CURRENCY", default="EUR")
if HUB_SETTLEMENT_PERIOD not in ("calendar_month", "weekly"):
    raise ImproperlyConfigured("HUB_SETTLEMENT_PERIOD must be calendar_month or weekly.")
if HUB_SETTLEMENT_TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured("HUB_SETTLEMENT_TIME_ZONE must be a time zone such as Europe/Amsterdam.")
if HUB_FEE_PAYER not in ("provider", "consumer", "both"):
    raise ImproperlyConfigured("HUB_FEE_PAYER must be provider, consumer or both.")

# Invoices of closed statements. E-mailed where there is a mail server.
HUB_INVOICES: bool = env.bool("HUB_INVOICES", default=True)
HUB_INVOICE_NUMBER: str = env.str("HUB_INVOICE_NUMBER", default="{party}{year}-{number:06d}")
HUB_INVOICE_EMAILS: bool = env.bool("HUB_INVOICE_EMAILS", default=bool(env.str("HUB_SMTP_URL", default="")))

# CDR control and tariff lint: what the hub says about severities, bounds and tolerances (docs/reconciliation.md).
try:
    HUB_CONTROL: str = terms.read_setting(env.str("HUB_CONTROL", default="{}"))
except ValueError as error:
    raise ImproperlyConfigured(f"HUB_CONTROL: {error}.") from error
HUB_REFUSE_TARIFFS: list[str] = env.list("HUB_REFUSE_TARIFFS", default=[])  # remarks that refuse a tariff
if unknown_lints := sorted(set(HUB_REFUSE_TARIFFS) - lint.LINTS.keys()):
    raise ImproperlyConfigured(f"HUB_REFUSE_TARIFFS: {', '.join(unknown_lints)}: unknown.")

# What the hub tells its operators. Metrics: before anything that counts is imported.
HUB_METRICS_DIR: str = env.str("HUB_METRICS_DIR", default="")  # shared by the processes of one machine
folder.use(HUB_METRICS_DIR)
HUB_METRICS_ALLOW = [ipaddress.ip_network(net) for net in env.list("HUB_METRICS_ALLOW", default=["127.0.0.0/8", "::1"])]
HUB_OTEL_ENDPOINT: str = env.str("HUB_OTEL_ENDPOINT", default="")  # address of an OTLP collector (HTTP)
try:
    spans.configure(HUB_OTEL_ENDPOINT)
except RuntimeError as error:
    raise ImproperlyConfigured(str(error)) from error

# Alerts. When something is bad enough, for long enough, to be told.
HUB_ALERT_EMAILS: list[str] = env.list("HUB_ALERT_EMAILS", default=[])
HUB_ALERT_WEBHOOK: str = env.str("HUB_ALERT_WEBHOOK", default="")
HUB_ALERT_SECRET: str = env.str("HUB_ALERT_SECRET", default="")  # signs what the webhook gets
HUB_ALERT_REMIND: float = env.float("HUB_ALERT_REMIND", default=12.0)  # hours between reminders; 0: none
HUB_ALERT_PATIENCE: int = env.int("HUB_ALERT_PATIENCE", default=60)  # seconds a state must last to be told
HUB_ALERT_LANE_EVENTS: int = env.int("HUB_ALERT_LANE_EVENTS", default=5000)  # events a platform may be behind
HUB_ALERT_LANE_AGE: int = env.int("HUB_ALERT_LANE_AGE", default=600)  # seconds the oldest of them may be old
HUB_ALERT_DATABASE: float = env.float("HUB_ALERT_DATABASE", default=0.5)  # seconds a trivial query may take
if HUB_ALERT_WEBHOOK and not HUB_ALERT_SECRET:
    raise ImproperlyConfigured("HUB_ALERT_WEBHOOK needs HUB_ALERT_SECRET, which signs what it gets.")
vars().update(env.email_url("HUB_SMTP_URL", default="smtp://127.0.0.1:25"))  # EMAIL_HOST and the like
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL: str = env.str("HUB_EMAIL_FROM", default=f"hub@{urlsplit(HUB_PUBLIC_URL).hostname or 'localhost'}")

OCPI_MODULES = [
    "locations.module.Locations",
    "tariffs.module.Tariffs",
    "tokens.module.Tokens",
    "charging_sessions.module.Sessions",
    "cdrs.module.Cdrs",
    "commands.module.Commands",
    "charging_profiles.module.ChargingProfiles",
]
PARTY_PROMISED = "agreements.models.is_promised"  # asked by parties.claims, which is below agreements

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, for the renderer below
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "journal",
    "parties",
    "agreements",
    "locations",
    "tariffs",
    "tokens",
    "charging_sessions",
    "commands",
    "charging_profiles",
    "cdrs",
    "forwarding",
    "alerts",
    "reconciliation",
    "settlement",
    "invoicing",
    "gateway",
    "management",
    "simulator",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "roaming_hub.refuse_nul.refuse_nul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "roaming_hub.slash.FinalSlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "roaming_hub.urls"
ASGI_APPLICATION = "roaming_hub.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # fields may have templates of ours, too
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "roaming_hub" / "templates"],  # before Unfold's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///roaming_hub")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


def _broker(url: str) -> str:
    """kombu spells a unix socket differently from redis-py."""
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=") if url[:4] == "unix" else url


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives any outage of Redis
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "socket_timeout": 5, "socket_connect_timeout": 5}
CELERY_TIMEZONE = "UTC"
CELERY_DB_REUSE_MAX = sys.maxsize  # Celery closes no connection: roaming_hub/celery.py goes by CONN_MAX_AGE

_public = urlsplit(HUB_PUBLIC_URL)
if HUB_REQUIRE_HTTPS and _public.scheme != "https" and _public.hostname not in ("127.0.0.1", "localhost", "::1"):
    raise ImproperlyConfigured(
        f"HUB_PUBLIC_URL is {HUB_PUBLIC_URL}: partners must reach the hub by https, except on the loopback."
    )
ALLOWED_HOSTS = [_public.hostname, "127.0.0.1", "localhost", "[::1]", *env.list("HUB_ALLOWED_HOSTS", default=[])]
if _public.scheme == "https":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31536000
CSRF_TRUSTED_ORIGINS = [HUB_PUBLIC_URL]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "roaming_hub.formats"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".static"
WHITENOISE_USE_FINDERS = True  # without `collectstatic` the files come from the packages; the folder may be missing
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"  # for who came to the login page itself

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["management.auth.StaffTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["management.auth.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": [
        "management.parsers.BodyParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Roaming hub management API",
    "DESCRIPTION": "Platforms, parties, agreements, lanes, dead letters and the call log, for hub staff; below "
    "/api/partner/ what partners see and do about their own bills.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {  # several things have a "state", a "kind" …
        "FindingKind": "management.serializers.findings.KINDS",
        "FindingSeverity": "management.serializers.findings.SEVERITIES",
        "FindingState": "reconciliation.models.State",
        "DisputeState": "reconciliation.dispute.STATES",
        "DisputeOutcome": "reconciliation.dispute.OUTCOMES",
        "Side": "reconciliation.dispute.SIDES",
        "PartnerSide": "management.serializers.disputes.PARTNER_SIDES",
    },
}

LOGGING = logs.make_logging(
    format=env.str("HUB_LOG_FORMAT", default="text"), level=env.str("HUB_LOG_LEVEL", default="INFO")
)
