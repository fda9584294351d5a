"""How the admin looks: its name, its side bar and its dashboard. Settings only, no code of the domain."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _item(title: str, icon: str, view: str, *others: str) -> dict[str, Any]:
    """`others`: pages beside it that light its entry, too."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{view}"),
        "others": [reverse_lazy(f"admin:{other}") for other in others],
    }


# A quiet green: state colours (red, amber) must stand out against it.
PRIMARY = {
    "50": "240 253 250",
    "100": "204 251 241",
    "200": "153 246 228",
    "300": "94 234 212",
    "400": "45 212 191",
    "500": "20 184 166",
    "600": "15 118 110",  # of links and buttons: darker than the usual one, so that all can read it on white
    "700": "17 94 89",
    "800": "19 78 74",
    "900": "15 61 58",
    "950": "4 47 46",
}

NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [_item("Dashboard", "dashboard", "index")],
    },
    {
        "title": "Network",
        "separator": True,
        "items": [
            _item("Platforms", "dns", "parties_platform_changelist"),
            _item("Parties", "groups", "parties_party_changelist"),
            _item("Parties behind hubs", "lan", "parties_partybehind_changelist"),
            _item("Endpoints", "link", "parties_endpoint_changelist"),
            _item("Quirks", "psychology_alt", "parties_detectedquirk_changelist"),
            _item("Agreements", "handshake", "agreements_agreement_changelist"),
            _item("Mandates", "assignment_ind", "agreements_mandate_changelist"),
        ],
    },
    {
        "title": "Traffic",
        "separator": True,
        "items": [
            _item("Alerts", "notifications_active", "alerts_alert_changelist"),
            _item("Find a message", "route", "management_journeys", "management_journey"),
            _item("Call log", "swap_vert", "management_logcall_changelist"),
            _item("Events", "campaign", "management_logevent_changelist"),
            _item("Lanes", "alt_route", "forwarding_lane_changelist"),
            _item("Pulls", "download", "journal_pullrequest_changelist"),
            _item("Dead letters", "report", "forwarding_deadletter_changelist"),
        ],
    },
    {
        "title": "Stored objects",
        "separator": True,
        "items": [
            _item("Locations", "location_on", "locations_location_changelist"),
            _item("Tariffs", "sell", "tariffs_tariff_changelist"),
            _item("Tokens", "badge", "tokens_token_changelist"),
            _item("Sessions", "ev_station", "charging_sessions_session_changelist"),
            _item("CDRs", "receipt_long", "cdrs_cdr_changelist"),
            _item("Reservations", "event_seat", "commands_reservation_changelist"),
            _item("Charging profiles", "bolt", "charging_profiles_setting_changelist"),
        ],
    },
    {
        "title": "Money",
        "separator": True,
        "items": [
            _item("Findings", "rule", "reconciliation_finding_changelist"),
            _item("Judged CDRs", "calculate", "reconciliation_rating_changelist"),
            _item("CDR clocks", "schedule", "reconciliation_cdrclock_changelist"),
            _item("Disputes", "balance", "reconciliation_dispute_changelist"),
            _item("Statements", "request_quote", "settlement_statement_changelist"),
            _item("Statement lines", "format_list_numbered", "settlement_line_changelist"),
            _item("Fee lines", "percent", "settlement_feeline_changelist"),
            _item("Closed periods", "event_available", "settlement_closing_changelist"),
            _item("Invoices", "receipt", "invoicing_invoice_changelist"),
            _item("Blocked invoices", "report", "invoicing_blocked_changelist"),
            _item("Issuers of invoices", "tag", "invoicing_issuer_changelist"),
            _item("Terms", "contract", "settlement_terms_changelist"),
            _item("Companies", "apartment", "settlement_company_changelist"),
            _item("VAT rates", "account_balance", "settlement_vatrate_changelist"),
            _item("Exchange rates", "currency_exchange", "settlement_exchangerate_changelist"),
        ],
    },
    {
        "title": "Staff",
        "separator": True,
        "items": [
            _item("Users", "person", "auth_user_changelist"),
            _item("Groups", "group", "auth_group_changelist"),
            _item("Staff tokens", "key", "management_stafftoken_changelist"),
            _item("Partner tokens", "vpn_key", "management_partnertoken_changelist"),
        ],
    },
]


def _get_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """One entry at most is lit: of those whose address begins the page's, the longest. The dashboard's, the first,
    begins every address, and is lit on its own page only."""
    items = [[str(link) for link in (item["link"], *item["others"])] for group in NAVIGATION for item in group["items"]]
    found = (link for links in items[1:] for link in links if request.path.startswith(link))
    here = max(found, key=len, default=request.path)
    lit = iter([here in links for links in items])
    return [{**group, "items": [{**item, "active": next(lit)} for item in group["items"]]} for group in NAVIGATION]


def _get_name(request: HttpRequest) -> str:
    return str(settings.HUB_NAME)


def _get_style(request: HttpRequest) -> str:
    return static("management/dashboard.css")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _get_name,
    "SITE_HEADER": _get_name,
    "SITE_SUBHEADER": "OCPI 2.2.1",
    "SITE_SYMBOL": "hub",
    "SITE_URL": "/admin/",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "management.dashboard.fill",
    "STYLES": [_get_style],
    "COLORS": {"primary": PRIMARY},
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": _get_navigation},
}
