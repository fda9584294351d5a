"""Every registered page: which it is, what finds its row, and one row of each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.urls import reverse

from alerts.models import Alert
from charging_profiles.models import Setting
from commands.models import Reservation
from journal.models import PullRequest
from management.models import StaffToken
from parties.models import DetectedQuirk, Endpoint, Party
from reconciliation.models import Rating
from tests.admin.stored import store_one_of_each
from tests.invoicing.issued import store_invoiced
from tests.management.cast import (
    NOW,
    UID,
    log_call,
    log_event,
    make_agreement,
    make_behind,
    make_clock,
    make_dead_letter,
    make_finding,
    make_lane,
    make_mandate,
    make_partner_token,
    make_platform,
)
from tests.reconciliation.disputed import make_dispute
from tests.settlement.settled import store_settled

READ_ONLY = {
    "agreements_agreement",
    "agreements_mandate",
    "alerts_alert",
    "cdrs_cdr",
    "charging_profiles_setting",
    "charging_sessions_session",
    "commands_reservation",
    "forwarding_deadletter",
    "forwarding_lane",
    "invoicing_blocked",
    "invoicing_invoice",
    "journal_pullrequest",
    "locations_location",
    "management_logcall",
    "management_logevent",
    "parties_detectedquirk",
    "parties_endpoint",
    "reconciliation_dispute",
    "reconciliation_finding",
    "reconciliation_rating",
    "settlement_closing",
    "settlement_exchangerate",
    "settlement_feeline",
    "settlement_line",
    "settlement_statement",
    "tariffs_tariff",
    "tokens_token",
}
EDITABLE = {
    "auth_group",
    "auth_user",
    "invoicing_issuer",
    "management_partnertoken",
    "management_stafftoken",
    "parties_party",
    "parties_partybehind",
    "parties_platform",
    "reconciliation_cdrclock",
    "settlement_company",
    "settlement_terms",
    "settlement_vatrate",
}
ALL = sorted(READ_ONLY | EDITABLE)
WITHOUT_SEARCH = {"parties_detectedquirk"}  # a handful of rows, with filters
SEARCHES = {
    "agreements_agreement": "fr*msp",
    "agreements_mandate": "fr*msp",
    "alerts_alert": "did not take",
    "cdrs_cdr": "NL*CPO cdr1",
    "reconciliation_rating": "NL*CPO cdr1",
    "charging_profiles_setting": "FR*MSP S1",
    "charging_sessions_session": "S1",
    "commands_reservation": "NL*CPO R1",
    "forwarding_deadletter": "FR*MSP corr-1",
    "forwarding_lane": "Charge",
    "invoicing_blocked": "decpx-itmsp-nl-eur-2026-11",
    "invoicing_invoice": "DE*CPX decpx2027-000001",
    "invoicing_issuer": "DE*CPX",
    "journal_pullrequest": "NL*CPO locations",
    "locations_location": "NL*CPO utrecht",
    "management_logcall": "req-1",
    "management_logevent": "corr-1",
    "management_partnertoken": "partner",
    "management_stafftoken": "tests",
    "parties_endpoint": "locations",
    "parties_party": "NL*CPO",
    "parties_partybehind": "DK*R4E",
    "parties_platform": "CPO",
    "reconciliation_cdrclock": "NL*CPO",
    "reconciliation_dispute": "C1 NL*CPO",
    "reconciliation_finding": "CDR1 NL*CPO",
    "settlement_closing": "decpx",
    "settlement_company": "NL*CPO",
    "settlement_exchangerate": "usd",
    "settlement_feeline": "DE*CPX IT*MSP",
    "settlement_line": "SETTLED1",
    "settlement_statement": "decpx-itmsp-nl-eur-2026-11",
    "settlement_terms": "NL*CPO FR*MSP",
    "settlement_vatrate": "mt",
    "tariffs_tariff": "tar1",
    "tokens_token": UID,
    "auth_user": "root",
    "auth_group": "staff",
}


def url_of(name: str, page: str, *args: object) -> str:
    return reverse(f"admin:{name}_{page}", args=args)


def store_rows() -> dict[str, Any]:
    """The key of one row of every registered model."""
    platform = make_platform()
    token, _ = StaffToken.issue(name="tests", scopes=["all"], now=NOW)
    return {name: obj.pk for name, obj in store_one_of_each().items()} | {
        "agreements_agreement": make_agreement().pk,
        "agreements_mandate": make_mandate().pk,
        "alerts_alert": Alert.objects.create(
            kind="dead_letters",
            severity="warning",
            title="it did not take 1 object",
            first_seen_at=NOW,
            last_seen_at=NOW,
            opened_at=NOW,
        ).pk,
        "charging_profiles_setting": Setting.objects.create(
            token="t1", receiver="nlcpo", session_key="s1", sender="frmsp", asked_at=NOW
        ).pk,
        "commands_reservation": Reservation.objects.create(
            token="t1", requester="frmsp", reservation_key="r1", receiver="nlcpo", asked_at=NOW
        ).pk,
        "reconciliation_rating": Rating.objects.create(
            owner="nlcpo",
            cdr_key="cdr1",
            verdict="match",
            engine_version="1",
            policy="12345678",
            changed_at=NOW,
            rated_at=NOW,
        ).pk,
        "parties_detectedquirk": DetectedQuirk.objects.create(
            platform=platform, quirk="no_patch", count=1, first_seen_at=NOW, last_seen_at=NOW, example="PATCH: 405"
        ).pk,
        "auth_group": Group.objects.create(name="staff").pk,
        "auth_user": User.objects.create_user("somebody").pk,
        "forwarding_deadletter": make_dead_letter(platform).pk,
        "forwarding_lane": make_lane(platform).pk,
        "journal_pullrequest": PullRequest.objects.create(
            platform=platform.pk, party="nlcpo", module="locations", reason="STAFF", requested_at=NOW, due_at=NOW
        ).pk,
        "management_logcall": log_call(platform=platform.pk),
        "management_logevent": log_event(),
        "management_partnertoken": make_partner_token(platform, name="partner")[0].pk,
        "management_stafftoken": token.pk,
        "parties_endpoint": Endpoint.objects.get().pk,
        "parties_party": Party.objects.get().pk,
        "parties_partybehind": make_behind(platform).pk,
        "parties_platform": platform.pk,
        "reconciliation_cdrclock": make_clock().pk,
        "reconciliation_dispute": make_dispute().pk,
        "reconciliation_finding": make_finding().pk,
        **(settled := store_settled()),
        **store_invoiced(settled["settlement_statement"]),
    }
