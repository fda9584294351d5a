"""/api/: the management API and its documentation; below /api/partner/ the partners' own (`partner_urls`)."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from management import schema
from management.views.agreements import AgreementViewSet
from management.views.alerts import AlertViewSet
from management.views.breakers import BreakersView, BreakerView
from management.views.disputes import DisputeViewSet
from management.views.findings import FindingViewSet, ReconciliationRunView, ReconciliationView
from management.views.flags import FlagsView
from management.views.invoices import InvoiceViewSet
from management.views.journeys import JourneyViewSet
from management.views.mandates import MandateViewSet
from management.views.matching import CdrClockViewSet, CompareListView
from management.views.me import MeView
from management.views.ocpi_schema import OcpiDocsView, OcpiSchemaView
from management.views.platforms import PartyViewSet, PlatformViewSet
from management.views.prices import CdrPriceView
from management.views.pulls import PullViewSet
from management.views.schema import SchemaView
from management.views.settlement import (
    CompanyViewSet,
    ExchangeRateViewSet,
    NettingsView,
    SettlementRunView,
    StatementViewSet,
    TermsViewSet,
    VatRateViewSet,
)
from management.views.traffic import DeadLetterViewSet, LaneViewSet, LogCallViewSet

__all__ = ["schema", "urlpatterns"]

router = SimpleRouter()
router.register("platforms", PlatformViewSet, basename="platform")
router.register("parties", PartyViewSet, basename="party")
router.register("agreements", AgreementViewSet, basename="agreement")
router.register("mandates", MandateViewSet, basename="mandate")
router.register("lanes", LaneViewSet, basename="lane")
router.register("dead-letters", DeadLetterViewSet, basename="dead-letter")
router.register("call-log", LogCallViewSet, basename="call-log")
router.register("journeys", JourneyViewSet, basename="journey")
router.register("pulls", PullViewSet, basename="pull")
router.register("alerts", AlertViewSet, basename="alert")
router.register("statements", StatementViewSet, basename="statement")
router.register("invoices", InvoiceViewSet, basename="invoice")
router.register("terms", TermsViewSet, basename="terms")
router.register("companies", CompanyViewSet, basename="company")
router.register("vat-rates", VatRateViewSet, basename="vat-rate")
router.register("exchange-rates", ExchangeRateViewSet, basename="exchange-rate")
router.register("findings", FindingViewSet, basename="finding")
router.register("cdr-clocks", CdrClockViewSet, basename="cdr-clock")
router.register("disputes", DisputeViewSet, basename="dispute")

urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("breakers/", BreakersView.as_view(), name="breakers"),
    path("breakers/<int:platform>/", BreakerView.as_view(), name="breaker"),
    path("cdrs/<str:owner>/<str:id>/price/", CdrPriceView.as_view(), name="cdr-price"),
    path("flags/", FlagsView.as_view(), name="flags"),
    path("findings/compare-list/", CompareListView.as_view(), name="finding-compare-list"),
    path("reconciliation/", ReconciliationView.as_view(), name="reconciliation"),
    path("reconciliation/run/", ReconciliationRunView.as_view(), name="reconciliation-run"),
    path("nettings/", NettingsView.as_view(), name="nettings"),
    path("settlement/run/", SettlementRunView.as_view(), name="settlement-run"),
    path("", include(router.urls)),
    path("partner/", include("management.partner_urls")),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("ocpi-schema/", OcpiSchemaView.as_view(), name="ocpi-schema"),
    path("ocpi-docs/", OcpiDocsView.as_view(), name="ocpi-docs"),
]
