"""Everything but OCPI, which has its own URLs in `gateway`."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from management.views.metrics import MetricsView

handler404 = "management.problems.answer_not_found"
handler500 = "management.problems.answer_failed"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("api/", include("management.urls")),
    path("favicon.ico", RedirectView.as_view(url=static("management/icon.svg")), name="icon"),
    path("metrics", MetricsView.as_view(), name="metrics"),
]
