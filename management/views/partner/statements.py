"""A partner's own statements: those its parties bill or are billed by, and the hub's fees that they pay."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from management.partner_auth import PartnerView
from management.partner_scopes import PartnerScope
from management.views.settlement import ReadsNettings, ReadsStatements
from settlement.models import Statement, StatementQuerySet


class PartnerStatementViewSet(PartnerView, ReadsStatements):
    """Closed statements, the latest period first."""

    queryset = Statement.objects.none()  # names the model for the documentation; see get_queryset
    read_scope = PartnerScope.STATEMENTS_READ

    def get_queryset(self) -> QuerySet[Statement, Any]:
        return Statement.objects.for_parties(self.sides).order_by("-last_day", "reference")


class PartnerNettingsView(PartnerView, ReadsNettings):
    """What its parties and others owe each other, set off."""

    read_scope = PartnerScope.STATEMENTS_READ

    def get_statements(self) -> StatementQuerySet:
        return Statement.objects.for_parties(self.sides)
