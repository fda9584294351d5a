"""/api/partner/: what partners may see and do, each for its own parties only."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from management.views.partner.disputes import PartnerDisputeViewSet
from management.views.partner.findings import PartnerFindingViewSet
from management.views.partner.invoices import PartnerInvoiceViewSet
from management.views.partner.me import PartnerMeView
from management.views.partner.statements import PartnerNettingsView, PartnerStatementViewSet

app_name = "partner"

router = SimpleRouter()
router.register("findings", PartnerFindingViewSet, basename="finding")
router.register("invoices", PartnerInvoiceViewSet, basename="invoice")
router.register("statements", PartnerStatementViewSet, basename="statement")
router.register("disputes", PartnerDisputeViewSet, basename="dispute")

urlpatterns = [
    path("me/", PartnerMeView.as_view(), name="me"),
    path("nettings/", PartnerNettingsView.as_view(), name="nettings"),
    path("", include(router.urls)),
]
